"""The database of conclusions: opening it, reading it, and the one way to write it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text

from deploy.turnstile import Turnstile
from schemas.errors import ConfigurationError

_BUSY_MS = 5_000


class Database:
    """A SQLite database with one writer at a time, over threads and processes."""

    def __init__(self, engine: Engine, turnstile: Turnstile) -> None:
        self.engine = engine
        self._turnstile = turnstile

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot; it cannot write."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give a connection in a write transaction; commit at the end, roll back on an error."""
        with self._turnstile.held(), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")


def open_database(path: Path) -> Database:
    """Open (or make) the database in a file. Raises ConfigurationError when WAL can't be had.

    Connections are in autocommit, so that this module alone says BEGIN and COMMIT. A commit is
    durable on return (`synchronous=FULL`).
    """
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT", pool_size=20)
    event.listen(engine, "connect", _set_up)
    with engine.connect() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar()
    if mode != "wal":
        engine.dispose()
        raise ConfigurationError(
            f"{path} can't use a write-ahead log (journal mode {mode}): "
            "put the data folder on a local file system"
        )
    return Database(engine, Turnstile(path.parent))


def _set_up(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined] # the driver's connection
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={_BUSY_MS}",
        "foreign_keys=ON",
        "wal_autocheckpoint=0",
        "temp_store=MEMORY",
        "cache_size=-65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
