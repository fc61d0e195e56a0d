"""How far the spool was forwarded, and which records the broker refused: a file of its own.

What it says may be behind after a crash, never ahead: then records are sent again, and who reads
them drops what it knows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from schemas.errors import StorageError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS forwarded (partition TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused (position INTEGER PRIMARY KEY, reason TEXT NOT NULL);
"""
_REASON_LENGTH = 400
_BUSY_S = 5.0

_Work = Callable[[sqlite3.Connection], object]


class Refused(NamedTuple):
    """A record that the broker did not take, and why."""

    position: int
    reason: str


class ForwardFile:
    """The state of one forwarder. One thread writes; others may open it to read.

    Every method raises StorageError when the disk does not take it.
    """

    def __init__(self, path: Path, *, partition: str) -> None:
        self._path = path
        self._partition = partition
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        self._run(lambda db: db.executescript(_SCHEMA))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget()

    def position(self) -> int:
        """Return the first position that is not known to be sent; 0 before the first."""
        query = "SELECT position FROM forwarded WHERE partition = ?"
        rows = self._rows(query, self._partition)
        return int(rows[0][0]) if rows else 0

    def move(self, position: int) -> None:
        """Remember that everything before a position is sent or refused."""
        self._run(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO forwarded VALUES (?, ?)", (self._partition, position)
            )
        )

    def refused(self) -> list[Refused]:
        """Return what the broker refused and has not taken since, in order."""
        rows = self._rows("SELECT position, reason FROM refused ORDER BY position")
        return [Refused(*row) for row in rows]

    def refuse(self, position: int, reason: str) -> None:
        """Remember a record that the broker refused. Durable when it returns."""
        self._run(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO refused VALUES (?, ?)", (position, reason[:_REASON_LENGTH])
            )
        )

    def take(self, position: int) -> None:
        """Forget a refused record: the broker has taken it."""
        self._run(lambda db: db.execute("DELETE FROM refused WHERE position = ?", (position,)))

    def _rows(self, query: str, *parameters: object) -> Sequence[tuple[int, str]]:
        try:
            return self._live().execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            self._forget()
            raise StorageError(f"{self._path.name} can't be read: {error}") from error

    def _run(self, work: _Work) -> None:
        try:
            work(self._live())
        except sqlite3.Error as error:
            self._forget()
            raise StorageError(f"{self._path.name} can't be written: {error}") from error

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
            )
            with closing(self._connection.execute("PRAGMA journal_mode = WAL")):
                pass
            self._connection.execute("PRAGMA synchronous = FULL")
        return self._connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
