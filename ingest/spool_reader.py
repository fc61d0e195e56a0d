"""Read the spool by position, from another process or this one. Satisfies `schemas.log.Source`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.bell import Bell, pause
from schemas.errors import StorageError
from schemas.log import Record

_READ = "SELECT position, value FROM spool WHERE position >= ? ORDER BY position LIMIT ?"


class SpoolReader:
    """The reading end of the log. One thread at a time.

    Entering binds the bell (if a `wake_path` is given); the file is opened at the first read and
    need not exist before: until then the log is empty. A record that was trimmed is not skipped
    in silence: reading at its position raises StorageError.
    """

    def __init__(self, path: Path, *, partition: str, wake_path: Path | None = None) -> None:
        self.partition = partition
        self._path = path
        self._bell = None if wake_path is None else Bell(wake_path)
        self._connection: sqlite3.Connection | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._bell is not None:
            self._stack.enter_context(self._bell)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._forget()

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the records at and after a position, in order; empty at the end of the log.

        At least one record is returned if there is one, even if it is larger than `max_bytes`.
        Does not wait. Raises StorageError when the log can't be read now.
        """
        try:
            db = self._live()
            if db is None:
                return ()
            with closing(db.execute(_READ, (position, max_records))) as rows:
                return self._records(rows, max_bytes)
        except sqlite3.Error as error:
            self._forget()
            raise StorageError(f"the spool can't be read: {error}") from error

    def peek(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return what `read` does: reading changes nothing here."""
        return self.read(position, max_records=max_records, max_bytes=max_bytes)

    def wait(self, timeout_s: float) -> bool:
        """Block until there may be something new (True) or the time is over (False).

        Without a bell it is True soon: the caller has to look.
        """
        return pause(timeout_s) if self._bell is None else self._bell.wait(timeout_s)

    def _records(self, rows: Iterable[tuple[int, bytes]], max_bytes: int) -> list[Record]:
        records: list[Record] = []
        size = 0
        for at, value in rows:
            if not value:
                raise StorageError(f"record {at} was trimmed from the spool; restore a backup")
            size += len(value)
            if records and size > max_bytes:
                break
            records.append(Record(partition=self.partition, position=at, value=value))
        return records

    def _live(self) -> sqlite3.Connection | None:
        if self._connection is None and self._path.exists():
            # mode=rw: never makes the file; a read-only connection could not recover the log.
            self._connection = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                timeout=5.0,
                check_same_thread=False,
            )
            self._connection.execute("PRAGMA query_only = ON")
        return self._connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
