"""Which database a transaction is of, and the words that it wants."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sqlalchemy import Connection
from typing_extensions import override

from processing.adapters.sql.statements import Row, Sql, Statement


class SqliteSql(Sql):
    """SQLite's words, on the driver's connection."""

    def __init__(self, connection: Connection, driver: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._driver = driver

    @override
    def rows(self, statement: Statement, *parameters: object) -> list[Row]:
        """Return all rows of a query."""
        return self._driver.execute(statement.sqlite, parameters).fetchall()

    @override
    def one(self, statement: Statement, *parameters: object) -> int:
        """Run a statement once and return how many rows it touched."""
        return self._driver.execute(statement.sqlite, parameters).rowcount

    @override
    def many(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Run a statement once per row; nothing happens without rows."""
        if rows:
            # From a named tuple the driver would fetch value by value.
            self._driver.executemany(statement.sqlite, map(tuple, rows))

    @override
    def stamp(self) -> tuple[object, ...] | None:
        """Return what moves with the commits of others, and with what this connection wrote.

        `PRAGMA data_version` moves with the commits of other connections only, and is comparable on
        one connection only.
        """
        version = self._driver.execute("PRAGMA data_version").fetchone()[0]
        return self._driver, int(version), self._driver.total_changes


def sql_of(connection: Connection) -> Sql:
    """Return what runs driver SQL in a transaction."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return SqliteSql(connection, driver)
    from processing.adapters.sql.postgresql import postgresql_sql  # noqa: PLC0415 - only who uses it needs it

    return postgresql_sql(connection)
