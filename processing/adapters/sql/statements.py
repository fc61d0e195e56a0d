"""Driver SQL for the hot path, in the words of both databases, run on the driver's own connection.

Values are given to the driver as they are: times as microseconds. Lists go in as one JSON text, so
that a statement's text (and the plan for it) never depends on how many values there are.
SQLAlchemy's result objects cost as much as the reads themselves, so they are left out here; the
transaction is still its connection's.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Table

# Whatever else the driver takes, a row is a tuple.
Row = tuple[Any, ...]

_NEW, _REPLACE, _IGNORE = "", "OR REPLACE ", "OR IGNORE "


class Statement(NamedTuple):
    """One statement as each database has it. `inserts` is the table whose whole rows it inserts."""

    sqlite: str
    postgresql: str
    inserts: Table | None = None


# In SQLite the order of a CROSS JOIN is the order in which it looks things up; PostgreSQL decides
# that by itself.
_WORDS = (
    (
        r":each\((\?\d?)\)",
        r"json_each(\1) AS j CROSS JOIN",
        r"jsonb_array_elements(CAST(\1 AS jsonb)) AS j(value) JOIN",
    ),
    (r":item(\d)", r"j.value ->> \1", r"(j.value ->> \1)"),
    (r":number(\d)", r"j.value ->> \1", r"(j.value ->> \1)::bigint"),
    (":item", "j.value", "(j.value #>> '{}')"),
    (":number", "j.value", "(j.value #>> '{}')::bigint"),
    (
        r":values\((\?\d)\)",
        r"SELECT value FROM json_each(\1)",
        r"SELECT jsonb_array_elements_text(CAST(\1 AS jsonb))",
    ),
    (":nothing", "x''", "''::bytea"),
    (r"\?(\d)", r"?\1", r"%(p\1)s"),
    (r"\?", "?", "%s"),
)


def statement(text: str) -> Statement:
    """Return a statement in whose text some words stand for what each database has its own for.

    `:each(?) t ON ...` joins a table to the values of a list, of which `:item` is a text and
    `:number` a number, or `:item0` and `:number1` if it is a list itself. `:values(?2)` selects the
    texts of a list. Parameters are question marks, all of them with a number or none.
    """
    in_sqlite = in_postgresql = text
    for word, sqlite, postgresql in _WORDS:
        in_sqlite = re.sub(word, sqlite, in_sqlite)
        in_postgresql = re.sub(word, postgresql, in_postgresql)
    return Statement(in_sqlite, in_postgresql)


class Sql(ABC):
    """Runs driver SQL in one transaction. Its errors are those that `errors.translated` knows."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @abstractmethod
    def rows(self, statement: Statement, *parameters: object) -> list[Row]:
        """Return all rows of a query."""

    @abstractmethod
    def one(self, statement: Statement, *parameters: object) -> int:
        """Run a statement once and return how many rows it touched."""

    @abstractmethod
    def many(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Run a statement once per row; nothing happens without rows."""

    def stamp(self) -> tuple[object, ...] | None:
        """Return what changes with everything that others write; None if that can't be told."""
        return None


def listed(values: Iterable[object]) -> str:
    """Return values as the JSON text of a list."""
    return orjson.dumps(list(values)).decode()


def columns(table: Table, *, prefix: str = "") -> str:
    """Return a table's columns, in order, for a SELECT or an INSERT."""
    return ", ".join(f'{prefix}"{column.name}"' for column in table.columns)


def insert(table: Table) -> Statement:
    """Return the statement that inserts whole rows of a table."""
    return _insert(table, _NEW, "")


def replace(table: Table) -> Statement:
    """Return the statement that inserts whole rows, or puts them in the place of those there."""
    key = _key(table)
    rest = [f'"{c.name}" = excluded."{c.name}"' for c in table.columns if not c.primary_key]
    return _insert(table, _REPLACE, f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(rest)}")


def insert_missing(table: Table) -> Statement:
    """Return the statement that inserts whole rows and leaves those that are there."""
    return _insert(table, _IGNORE, f" ON CONFLICT ({_key(table)}) DO NOTHING")


def add_up(table: Table) -> Statement:
    """Return the statement that inserts whole rows, or adds their numbers to those there."""
    names = [c.name for c in table.columns if not c.primary_key]
    sums = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names)
    ending = f" ON CONFLICT ({_key(table)}) DO UPDATE SET {sums}"
    made = _insert(table, _NEW, ending)
    return made._replace(sqlite=made.sqlite + ending)


def _insert(table: Table, verb: str, ending: str) -> Statement:
    names = columns(table)
    marks = ["?"] * len(table.columns)
    into = f"INTO {table.name} ({names}) VALUES"
    return Statement(
        f"INSERT {verb}{into} ({', '.join(marks)})",
        f"INSERT {into} ({', '.join('%s' for _ in marks)}){ending}",
        table,
    )


def _key(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
