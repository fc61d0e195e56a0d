"""Driver SQL for the hot path, built once from the tables.

Values are given to the driver as they are: times as microseconds, booleans as 0 and 1. Lists go in
as one JSON text, so that a statement's text (and SQLite's plan for it) never depends on how many
values there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table


class Sql:
    """Runs driver SQL in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def rows(self, statement: str, *parameters: object) -> Sequence[Any]:
        """Return all rows of a query."""
        return self.connection.exec_driver_sql(statement, parameters).fetchall()

    def many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement once per row; nothing happens without rows."""
        if rows:
            self.connection.exec_driver_sql(statement, list(rows))


def listed(values: Iterable[object]) -> str:
    """Return values as the JSON text that `json_each` opens."""
    return orjson.dumps(list(values)).decode()


def columns(table: Table, *, prefix: str = "") -> str:
    """Return a table's columns, in order, for a SELECT or an INSERT."""
    return ", ".join(f'{prefix}"{column.name}"' for column in table.columns)


def insert(table: Table, *, verb: str = "INSERT") -> str:
    """Return the statement that inserts whole rows of a table."""
    marks = ", ".join("?" for _ in table.columns)
    return f"{verb} INTO {table.name} ({columns(table)}) VALUES ({marks})"
