"""Driver SQL for the hot path, built once from the tables and run on SQLite's own connection.

Values are given to the driver as they are: times as microseconds, booleans as 0 and 1. Lists go in
as one JSON text, so that a statement's text (and SQLite's plan for it) never depends on how many
values there are. SQLAlchemy's result objects cost as much as the reads themselves, so they are
left out here; the transaction is still its connection's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table

from schemas.errors import ConfigurationError

# Whatever else the driver takes, a row is a tuple.
Row = tuple[Any, ...]


class Sql:
    """Runs driver SQL in one transaction. Its errors are the driver's (see `errors.translated`)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise ConfigurationError(
                "the batch store is written for SQLite; use a sqlite:// database"
            )
        self.driver = driver

    def rows(self, statement: str, *parameters: object) -> list[Row]:
        """Return all rows of a query."""
        return self.driver.execute(statement, parameters).fetchall()

    def one(self, statement: str, *parameters: object) -> int:
        """Run a statement once and return how many rows it touched."""
        return self.driver.execute(statement, parameters).rowcount

    def many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run a statement once per row; nothing happens without rows."""
        if rows:
            # From a named tuple the driver would fetch value by value.
            self.driver.executemany(statement, map(tuple, rows))


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
