"""The database of conclusions: opening it, reading it, and the one way to write it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from deploy.settings import Settings
from deploy.turnstile import Turnstile
from processing.adapters.sql.sqlite import reads, sqlite_engine, writes

Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database with one writer at a time, over threads and processes.

    `read` gives one snapshot; `begin` a write transaction, durable when it ends without an error.
    `turnstile` is None where the database keeps its writers in order by itself.
    """

    engine: Engine
    turnstile: Turnstile | None
    begin: Transaction
    read: Transaction

    def is_file(self) -> bool:
        """Say whether it is SQLite, in the data folder."""
        return self.turnstile is not None


def open_database(path: Path) -> Database:
    """Open (or make) the database in a file. Raises ConfigurationError when WAL can't be had."""
    engine = sqlite_engine(path)
    turnstile = Turnstile(path.parent)
    with engine.connect():
        pass
    return Database(
        engine=engine,
        turnstile=turnstile,
        begin=writes(engine, turnstile.held),
        read=reads(engine),
    )


def open_postgresql(url: str, *, is_away: bool = False) -> Database:
    """Open a database of PostgreSQL; one that is known to be away is not asked for anything yet.

    Raises StorageError when it does not answer, ConfigurationError when it is none for us.
    """
    from processing.adapters.sql import postgresql  # noqa: PLC0415 - only who uses it needs it

    engine = postgresql.postgresql_engine(url, is_away=is_away)
    return Database(
        engine=engine,
        turnstile=None,
        begin=postgresql.writes(engine),
        read=postgresql.reads(engine),
    )


def database_of(settings: Settings) -> Database:
    """Open the database that the settings name. Raises StorageError and ConfigurationError."""
    if settings.database_url is None:
        return open_database(settings.database_path)
    return open_postgresql(settings.database_url.get_secret_value())
