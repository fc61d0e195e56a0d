"""How Tocsin uses PostgreSQL: one writer at a time, snapshots for readers, COPY for many rows.

Whoever writes first takes an advisory lock that ends with the transaction: as with SQLite, what a
writer has read stays true until it commits, and no transaction is aborted for a conflict. Readers
wait for nobody. Nothing here is opened at import or in a constructor.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager

import psycopg
from sqlalchemy import Connection, Engine, Table, create_engine, exc, make_url
from typing_extensions import override

from processing.adapters.sql.statements import Row, Sql, Statement, columns
from schemas.errors import ConfigurationError, StorageError

Transaction = Callable[[], AbstractContextManager[Connection]]

# Any number that nobody else in the database takes: "tocsin" on a telephone's keys.
WRITER = 862_746
_LOCK = f"SELECT pg_advisory_xact_lock({WRITER})"
# A transaction of ours takes milliseconds; what takes this long is stuck, and is tried again.
STATEMENT_TIMEOUT_S = 30
_OPTIONS = (
    "-c timezone=UTC "
    # Rows are there for the owner of the tables only; anybody else is told so, and not shown none.
    "-c row_security=off "
    f"-c statement_timeout={STATEMENT_TIMEOUT_S}s "
    f"-c idle_in_transaction_session_timeout={2 * STATEMENT_TIMEOUT_S}s"
)
# Fewer rows go in one by one: to COPY costs two statements more.
_COPY_FROM = 8

# An answer, and not the network's: to try again changes nothing.
_REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "certificate",
)
# Text compares by its bytes, as it does in Python and SQLite: pages of lists and hashes rely on it.
_CHECK = "SELECT 'B' < 'a', current_setting('server_encoding')"


def postgresql_engine(url: str, *, is_away: bool = False) -> Engine:
    """Return an engine on a database, which it has reached unless that is known to be away.

    Raises StorageError when nobody answers, ConfigurationError when the answer is no, or when the
    database is none for us. A connection that died is noticed when the next transaction wants it,
    and replaced.
    """
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={
            "options": _OPTIONS,
            "client_encoding": "utf8",
            "application_name": "tocsin",
            "connect_timeout": 5,
        },
    )
    if is_away:
        return engine
    by_bytes, encoding = _looked(engine)
    if not by_bytes or encoding != "UTF8":
        engine.dispose()
        raise ConfigurationError(
            "the database sorts text by a language or is not in UTF-8; make one with "
            "createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME"
        )
    return engine


def _looked(engine: Engine) -> tuple[bool, str]:
    try:
        with engine.connect() as connection:
            by_bytes, encoding = connection.exec_driver_sql(_CHECK).one()
    except exc.OperationalError as error:
        engine.dispose()
        # What the driver says names the host, the user and the database, not the password.
        said = " ".join(str(error.orig).split())
        if any(sign in said for sign in _REFUSALS):
            raise ConfigurationError(
                f"PostgreSQL refuses TOCSIN_DATABASE_URL: {said}; check its user, password and name"
            ) from None
        raise StorageError(f"PostgreSQL does not answer: {said}") from None
    return bool(by_bytes), str(encoding)


def writes(engine: Engine) -> Transaction:
    """Return what opens a write transaction when it is its turn; durable when it ends."""

    @contextmanager
    def begin() -> Generator[Connection]:
        with engine.begin() as connection:
            connection.exec_driver_sql(_LOCK)
            yield connection

    return begin


def reads(engine: Engine) -> Transaction:
    """Return what opens a read transaction: one snapshot, never waits for a writer."""
    return engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ).begin


class PostgresqlSql(Sql):
    """PostgreSQL's words, on the driver's connection. Raises SQLAlchemy's errors."""

    def __init__(self, connection: Connection, driver: psycopg.Connection[Row]) -> None:
        super().__init__(connection)
        self._driver = driver

    @override
    def rows(self, statement: Statement, *parameters: object) -> list[Row]:
        """Return all rows of a query."""
        with _told(statement), self._driver.cursor(binary=True) as cursor:
            return cursor.execute(
                statement.postgresql, _arguments(statement, parameters)
            ).fetchall()

    @override
    def one(self, statement: Statement, *parameters: object) -> int:
        """Run a statement once and return how many rows it touched."""
        with _told(statement), self._driver.cursor() as cursor:
            return cursor.execute(statement.postgresql, _arguments(statement, parameters)).rowcount

    @override
    def many(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Run a statement once per row, or bring many rows in with COPY."""
        if not rows:
            return
        with _told(statement), self._driver.cursor() as cursor:
            if statement.inserts is None or len(rows) < _COPY_FROM:
                cursor.executemany(statement.postgresql, map(tuple, rows))
            else:
                _copy(cursor, statement, statement.inserts, rows)


def postgresql_sql(connection: Connection) -> Sql:
    """Return what runs driver SQL in a transaction. Raises ConfigurationError."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise ConfigurationError("the database is neither SQLite nor PostgreSQL through psycopg")
    return PostgresqlSql(connection, driver)


def _copy(
    cursor: psycopg.Cursor[Row], statement: Statement, table: Table, rows: Sequence[Row]
) -> None:
    """Bring rows into a table of this connection, and from there to where they belong."""
    names, staged = columns(table), f"staged_{table.name}"
    cursor.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    )
    with cursor.copy(f"COPY {staged} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    head, _, tail = statement.postgresql.partition(" VALUES ")
    ending = tail.partition(")")[2]
    cursor.execute(f"{head} SELECT {names} FROM {staged}{ending}")
    cursor.execute(f"DELETE FROM {staged}")


def _arguments(
    statement: Statement, parameters: Sequence[object]
) -> Sequence[object] | dict[str, object]:
    if "%(p1)s" not in statement.postgresql:
        return parameters
    return {f"p{number}": value for number, value in enumerate(parameters, 1)}


@contextmanager
def _told(statement: Statement) -> Generator[None]:
    """Raise the driver's errors as SQLAlchemy would: nobody else has to know this driver."""
    try:
        yield
    except psycopg.Error as error:
        raise exc.DBAPIError.instance(
            statement.postgresql, None, error, psycopg.Error, hide_parameters=True
        ) from error
