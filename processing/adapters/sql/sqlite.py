"""How Tocsin uses SQLite: WAL, one writer at a time, checkpoints on a thread of their own.

`deploy` calls these; nothing here is opened at import or in a constructor.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, Engine, create_engine, event

from schemas.errors import ConfigurationError

log = structlog.get_logger()

Begin = Callable[[], AbstractContextManager[Connection]]
Read = Callable[[], AbstractContextManager[Connection]]
Turn = Callable[[], AbstractContextManager[None]]

BUSY_TIMEOUT_MS = 5_000
# 32 MB of page cache a connection: the open days of a busy mission fit.
CACHE_KIB = 32_768

_WRITES = "tocsin_writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteOptions:
    """How a database file is opened.

    `synchronous` is FULL by default although the spool could replay lost batches: acknowledgements,
    spoken alert numbers, feed positions and delivery marks live in the same file and were told to
    people, so a power loss may not take them back. It costs one fsync a transaction.
    """

    synchronous: Literal["NORMAL", "FULL"] = "FULL"
    busy_timeout_ms: int = BUSY_TIMEOUT_MS
    cache_kib: int = CACHE_KIB


DEFAULT_OPTIONS = SqliteOptions()


def sqlite_engine(path: Path, options: SqliteOptions = DEFAULT_OPTIONS) -> Engine:
    """Return an engine on a database file, which is made if it is missing.

    Raises ConfigurationError at the first connection when the file system cannot do WAL.
    """
    engine = create_engine(f"sqlite:///{path}")

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        _prepare(connection, options)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", _begin)
    return engine


def writes(engine: Engine, turn: Turn = nullcontext) -> Begin:
    """Return what opens a write transaction: waits for its turn, then BEGIN IMMEDIATE.

    A deferred transaction that reads first and writes later fails at once with "database is
    locked" when another one has written in between, whatever the busy timeout is.
    """
    writer = engine.execution_options(**{_WRITES: True})

    @contextmanager
    def begin() -> Generator[Connection]:
        with turn(), writer.begin() as connection:
            yield connection

    return begin


def reads(engine: Engine) -> Read:
    """Return what opens a read transaction: one snapshot, never waits for a writer."""
    return engine.begin


def _adapt_quickly() -> None:
    """Say of the commonest values how they are stored, which is as they would be anyway.

    The driver looks for an adapter of each value that is no int, float or str; it costs a third of
    binding a row to find none.
    """
    sqlite3.register_adapter(bool, int)
    sqlite3.register_adapter(bytes, bytes)
    sqlite3.register_adapter(NoneType, {None: None}.get)


def _prepare(connection: sqlite3.Connection, options: SqliteOptions) -> None:
    _adapt_quickly()
    # Transactions are begun by us (see _begin); Python's own legacy mode begins them too late.
    connection.isolation_level = None
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {options.busy_timeout_ms:d}")
        mode = cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode.lower() != "wal":
            msg = f"the file system of the database cannot do WAL (got {mode}); use a local disk"
            raise ConfigurationError(msg)
        cursor.execute(f"PRAGMA synchronous = {options.synchronous}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{options.cache_kib:d}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        # Checkpoints are the Checkpointer's: inside a commit they cost a factor of five.
        cursor.execute("PRAGMA wal_autocheckpoint = 0")


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES) else "BEGIN")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointLimits:
    """How often the WAL is copied back, and how large it may grow before writers must wait."""

    every_s: float = 0.2
    max_wal_bytes: int = 64_000_000


# What a page takes in the WAL beside its bytes.
_FRAME_HEADER = 24


class Checkpointer:
    """Copies the WAL back into the database file, beside the writers instead of inside them."""

    def __init__(
        self, path: Path, limits: CheckpointLimits | None = None, turn: Turn = nullcontext
    ) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._limits = limits or CheckpointLimits()
        self._turn = turn
        self._seen: tuple[int, int] | None = None

    def run(self, stop: threading.Event) -> None:
        """Checkpoint until `stop` is set; at the end give the WAL's space on the disk back."""
        with closing(self._open()) as connection:
            while not stop.wait(self._limits.every_s):
                self.step(connection)
            # Whoever reads or writes still does not have to make room for us.
            connection.execute("PRAGMA busy_timeout = 0")
            self._checkpoint(connection, "TRUNCATE")

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    def step(self, connection: sqlite3.Connection) -> None:
        """Checkpoint once if anything was written since the last time.

        Over a WAL that is full, the next writer begins again from its start. It is not cut off:
        that would hold writers up for a tenth of a second, and to grow again costs more than to be
        written over.
        """
        state = self._state()
        if state is None or state == self._seen:
            return
        frames = self._checkpoint(connection, "PASSIVE")
        if (
            frames is not None
            and frames * self._frame_bytes(connection) > self._limits.max_wal_bytes
        ):
            with self._turn():
                frames = self._checkpoint(connection, "RESTART")
        if frames is not None:
            self._seen = state

    def _checkpoint(self, connection: sqlite3.Connection, mode: str) -> int | None:
        """Return how many pages the WAL held, None if that could not be done now."""
        try:
            row = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.OperationalError as error:
            # The WAL only grows meanwhile; the next step tries again.
            log.warning("checkpoint failed", error=str(error))
            return None
        return int(row[1])

    def _frame_bytes(self, connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA page_size").fetchone()[0]) + _FRAME_HEADER

    def _state(self) -> tuple[int, int] | None:
        try:
            status = self._wal.stat()
        except FileNotFoundError:
            return None
        return status.st_size, status.st_mtime_ns
