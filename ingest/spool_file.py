"""The spool's database file: one writer's connection, whose commits are durable.

SQLite in WAL mode with synchronous=FULL: a commit has been fsynced when it returns. After any
error of the storage the connection is closed and opened anew, because what SQLite and the page
cache hold after a failed write is not to be trusted; the log itself is recovered by its checksums.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from ingest.repository import spool_schema
from ingest.spool_entry import (
    BEFORE_FSYNC,
    Appended,
    Checkpoint,
    Conflict,
    Duplicate,
    SpoolEntry,
    SpoolLimits,
    SpoolVerdict,
    no_checkpoint,
)
from ingest.spool_keys import SpoolKeys, pieces
from schemas.errors import ConfigurationError, StorageFullError
from schemas.identity import key_hash

# PRAGMA synchronous reads back as a number; 2 is FULL.
_FULL = 2
# Readers and checkpoints hold locks for milliseconds; a lock held longer is a fault.
_BUSY_TIMEOUT_S = 5.0
# Rows whose bytes are dropped in one transaction, so that reports wait at most a few ms.
TRIM_ROWS = 1_000

# After each statement the thread has to get the interpreter back from the event loop, so many rows
# are one statement, and a commit is no more than one if it can be. ROLLBACK: undoing this statement
# alone would make SQLite keep a journal of it.
_INSERT = "INSERT OR ROLLBACK INTO spool (position, root_id, revision, sha256, value) VALUES {rows}"
_COLUMNS = 5
_ROW = "(?, ?, ?, ?, ?)"
# Rows a statement: one to nine of these, the most first, so that SQLite has few to remember. It
# allows 6,500 with five parameters each.
_UNITS = (100, 10, 1)
_SPACE_EVERY_BYTES = 4 * 1024**2
_STORED = "SELECT root_id, revision, sha256, value FROM spool WHERE position = ?"
_TRIM = "UPDATE spool SET value = x'' WHERE position >= ? AND position < ? AND length(value) > 0"

Key = tuple[str, int]
_Work = Callable[[sqlite3.Connection], object]
_T = TypeVar("_T")
# A statement, and what it writes.
_Insert = tuple[str, Sequence[object]]


class _Known(NamedTuple):
    """What lies in the log under one key; `written` is the entry if this call wrote it."""

    position: int
    sha256: str
    value: bytes
    written: SpoolEntry | None


class SpoolFile:
    """The writing end of one spool file. Not safe for threads: one thread owns it.

    The constructor opens nothing; the first call does. Every method raises StorageFullError when
    the disk can't take it, and may be called again later.
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: SpoolLimits | None = None,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        self._path = path
        self._limits = limits or SpoolLimits()
        self._checkpoint = checkpoint
        self._connection: sqlite3.Connection | None = None
        self._next_position = 1
        self._written = _SPACE_EVERY_BYTES
        self._trimmed_to = 1
        self._keys = SpoolKeys()

    @property
    def end(self) -> int:
        """The position that the next entry will get."""
        return self._next_position

    def open(self) -> None:
        """Open or create the file and learn where the log ends. Nothing if it is open."""
        if self._connection is None:
            self._guarded(self._connect)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def append(self, entries: Sequence[SpoolEntry]) -> list[SpoolVerdict]:
        """Store what is new in one transaction and answer each entry, in order.

        What is answered `Appended` has been fsynced. All of the new entries are stored or none.
        """
        self.open()
        self._written += sum([len(entry.value) for entry in entries])
        if self._written > _SPACE_EVERY_BYTES:
            self._require_space()
            self._written = 0
        return self._guarded(lambda: self._append(entries))

    def probe(self) -> None:
        """Write and fsync one page that means nothing, to see whether the disk takes it."""
        self.open()
        self._require_space()
        self._guarded(lambda: self._write(lambda db: db.execute("PRAGMA user_version = 1")))

    def trim(self, before_position: int) -> bool:
        """Drop the bytes of some records before a position; say whether more are left.

        Keys and hashes stay, so that a repeated report still gets its answer.
        """
        self.open()
        end = min(self._trimmed_to + TRIM_ROWS, before_position, self._next_position)
        if end <= self._trimmed_to:
            return False
        rows = (self._trimmed_to, end)
        self._guarded(lambda: self._write(lambda db: db.execute(_TRIM, rows)))
        self._trimmed_to = end
        return end < min(before_position, self._next_position)

    # ------------------------------------------------------------ inside

    def _append(self, entries: Sequence[SpoolEntry]) -> list[SpoolVerdict]:
        hashes = [key_hash(entry.report_id) for entry in entries]
        known = self._keys.find(self._live(), hashes)
        if known or len(set(hashes)) < len(hashes):
            # Rare: somebody repeats a report, inside of this call or of an earlier one.
            return self._append_new(entries, self._records(known.values()))
        start = self._insert(entries, hashes)
        return list(map(_appended, zip(range(start, self._next_position), strict=True)))

    def _append_new(
        self, entries: Sequence[SpoolEntry], known: dict[Key, _Known]
    ) -> list[SpoolVerdict]:
        """Store those whose key is not stored."""
        fresh: dict[Key, SpoolEntry] = {}
        for entry in entries:
            if _key(entry) not in known:
                fresh.setdefault(_key(entry), entry)
        hashes = [key_hash(entry.report_id) for entry in fresh.values()]
        start = self._insert(list(fresh.values()), hashes)
        for position, (key, entry) in enumerate(fresh.items(), start):
            known[key] = _Known(position, entry.sha256, entry.value, entry)
        return [_verdict(entry, known[_key(entry)]) for entry in entries]

    def _insert(self, entries: Sequence[SpoolEntry], hashes: Sequence[int]) -> int:
        """Store some entries and return the position of the first."""
        start = self._next_position
        if entries:
            inserts = list(self._insert_rows(entries))
            if len(inserts) == 1 and not self._keys.is_due(start):
                self._checkpoint(BEFORE_FSYNC)
                self._live().execute(*inserts[0])
            else:
                self._write(lambda db: self._insert_all(db, inserts), point=BEFORE_FSYNC)
            self._keys.add(hashes, start=start)
            self._next_position = start + len(entries)
        return start

    def _insert_rows(self, entries: Sequence[SpoolEntry]) -> Iterator[_Insert]:
        """Yield the statements that write some entries, with what they write."""
        # All columns of all rows, one after another.
        rows = [
            column
            for position, (root_id, revision, sha256, _, value) in enumerate(
                entries, self._next_position
            )
            for column in (position, root_id, revision, sha256, value)
        ]
        done = 0
        for many in pieces(len(entries), _UNITS):
            yield _inserting(many), rows[done : done + many * _COLUMNS]
            done += many * _COLUMNS

    def _insert_all(self, db: sqlite3.Connection, inserts: Iterable[_Insert]) -> None:
        for statement, rows in inserts:
            db.execute(statement, rows)
        if self._keys.is_due(self._next_position):
            self._keys.move(db, start=self._next_position)

    def _write(self, work: _Work, *, point: str | None = None) -> None:
        db = self._live()
        db.execute("BEGIN IMMEDIATE")
        work(db)
        if point is not None:
            self._checkpoint(point)
        db.execute("COMMIT")

    def _records(self, positions: Iterable[int]) -> dict[Key, _Known]:
        db = self._live()
        found: dict[Key, _Known] = {}
        for position in positions:
            root_id, revision, sha256, value = db.execute(_STORED, (position,)).fetchone()
            found[root_id, revision] = _Known(position, sha256, value, None)
        return found

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageFullError("the spool is not open")
        return self._connection

    def _guarded(self, work: Callable[[], _T]) -> _T:
        """Run some work; after any error nothing of it stays and the file is opened anew."""
        try:
            return work()
        except (sqlite3.Error, OSError) as error:
            self._abandon()
            raise StorageFullError(f"the spool did not take a write: {error}") from error
        except BaseException:
            self._abandon()
            raise

    def _abandon(self) -> None:
        # Closing a connection rolls back what it had begun.
        try:
            self.close()
        except sqlite3.Error:
            self._connection = None

    def _require_space(self) -> None:
        try:
            free = shutil.disk_usage(self._path.parent).free
        except OSError as error:
            raise StorageFullError(f"the spool's disk does not answer: {error}") from error
        if free < self._limits.min_free_bytes:
            raise StorageFullError("the spool's disk is nearly full")

    def _connect(self) -> None:
        self._connection = connect(self._path)
        db = self._connection
        page_bytes = int(db.execute("PRAGMA page_size").fetchone()[0])
        db.execute(f"PRAGMA max_page_count = {self._limits.max_file_bytes // page_bytes}")
        for statement in spool_schema():
            db.execute(statement)
        last = db.execute("SELECT max(position) FROM spool").fetchone()[0]
        self._next_position = 1 if last is None else int(last) + 1
        self._keys.open(db, end=self._next_position)
        first = db.execute(
            "SELECT position FROM spool WHERE length(value) > 0 ORDER BY position LIMIT 1"
        ).fetchone()
        self._trimmed_to = self._next_position if first is None else int(first[0])


def connect(path: Path) -> sqlite3.Connection:
    """Open a spool file for writing and read back that its commits will be durable.

    Raises ConfigurationError when the file system can't hold a write-ahead log.
    """
    db = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    # Of a new file: a report fills a quarter of a page of 4096 and would leave a quarter empty.
    db.execute("PRAGMA page_size = 8192")
    # Checkpoints have a thread of their own: a commit must not wait for one.
    db.execute("PRAGMA wal_autocheckpoint = 0")
    mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    db.execute("PRAGMA synchronous = FULL")
    level = db.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or level != _FULL:
        db.close()
        raise ConfigurationError(
            f"the spool {path.name} can't be made durable (journal {mode}, synchronous {level}): "
            "put it on a local disk, not on a network file system"
        )
    return db


# As the named tuple makes itself, without the call into Python that unpacks its names.
_appended = partial(tuple.__new__, Appended)


@cache
def _inserting(rows: int) -> str:
    return _INSERT.format(rows=", ".join([_ROW] * rows))


def _key(entry: SpoolEntry) -> Key:
    return entry[:2]


def _verdict(entry: SpoolEntry, known: _Known) -> SpoolVerdict:
    if entry is known.written:
        return Appended(known.position)
    if entry.sha256 == known.sha256:
        return Duplicate(known.position, known.value)
    return Conflict(known.position)
