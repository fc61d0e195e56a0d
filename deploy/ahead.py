"""Reading ahead: while a batch is being committed, the next one is read and decoded.

A commit waits for the disk outside of Python, for about as long as it takes to decode the next
batch. Nothing else of a batch runs beside it: two threads that both want the interpreter cost more
than they gain (`docs/performance.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from processing.batch.account import Account, read_account
from schemas.errors import StorageError
from schemas.log import Record, Source

# A batch of so many records tells that there are more behind it.
FAR_BEHIND = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Records that were read ahead, and the accounts in those that could be decoded."""

    records: Sequence[Record]
    accounts: dict[int, Account | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the next read will ask for, if all goes well."""

    position: int
    max_records: int
    max_bytes: int


class AheadSource:
    """A log that can be read ahead. `read`, `wait` and `decode` are for one thread."""

    def __init__(self, source: Source) -> None:
        self.partition = source.partition
        self._source = source
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._next: Wanted | None = None
        self._asked: tuple[Wanted, Future[Ahead]] | None = None
        self._known: dict[int, Account | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    def look_ahead(self) -> None:
        """Begin to read what comes next, if the last read told that there is more. Never waits."""
        wanted, self._next = self._next, None
        if wanted is not None and self._asked is None:
            self._asked = wanted, self._thread.submit(self._prepared, wanted)

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the records at and after a position, as the log itself would."""
        records = self._taken(position, max_records)
        if not records:
            records = self._source.read(position, max_records=max_records, max_bytes=max_bytes)
        self._next = None
        if len(records) >= FAR_BEHIND:
            self._next = Wanted(
                position=records[-1].position + 1, max_records=max_records, max_bytes=max_bytes
            )
        return records

    def wait(self, timeout_s: float) -> bool:
        """Wait as the log does."""
        return self._source.wait(timeout_s)

    def decode(self, record: Record) -> Account:
        """Return the account in a record. Raises InvalidMessageError."""
        known = self._known.pop(record.position, None)
        return read_account(record.value) if known is None else known

    def _taken(self, position: int, max_records: int) -> Sequence[Record]:
        """Return what was read ahead, nothing if it is not what is wanted now."""
        asked, self._asked = self._asked, None
        self._known = {}
        if asked is None:
            return ()
        wanted, future = asked
        try:
            # Also when it is not wanted: the log is for one thread at a time.
            ahead = future.result()
        except StorageError:
            return ()
        if wanted.position != position:
            return ()
        self._known = ahead.accounts
        return ahead.records[:max_records]

    def _prepared(self, wanted: Wanted) -> Ahead:
        records = self._source.read(
            wanted.position, max_records=wanted.max_records, max_bytes=wanted.max_bytes
        )
        accounts = {record.position: _account(record) for record in records}
        return Ahead(records=records, accounts=accounts)


def _account(record: Record) -> Account | None:
    try:
        return read_account(record.value)
    except Exception:  # noqa: BLE001 - the worker decodes it again, and says what is wrong
        return None
