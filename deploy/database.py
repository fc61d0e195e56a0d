"""The database of conclusions: opening it, reading it, and the one way to write it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from deploy.turnstile import Turnstile
from processing.adapters.sql.sqlite import reads, sqlite_engine, writes

Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A SQLite database with one writer at a time, over threads and processes.

    `read` gives one snapshot; `begin` a write transaction, durable when it ends without an error.
    """

    engine: Engine
    turnstile: Turnstile
    begin: Transaction
    read: Transaction


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
