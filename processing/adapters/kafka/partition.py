"""What was fetched of one partition, as the log port that a worker reads by position."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from operator import attrgetter

from schemas.log import Record, within

_position = attrgetter("position")


class PartitionLog:
    """The records of one partition from a position on, as far as they were fetched.

    A record stays until its reader goes past it, so that a batch that failed reads the same again.
    `seek` is told where to fetch from whenever the reader is not where this stands.
    """

    def __init__(self, partition: str, seek: Callable[[int], None]) -> None:
        self.partition = partition
        self._seek = seek
        self._records: deque[Record] = deque()
        self._size = 0
        # Everything from here up to where the client stands was fetched; None: nothing was asked.
        self._from: int | None = None

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._size

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the fetched records at and after a position, in order. Does not wait."""
        if self._from is None or position < self._from:
            self._begin(position)
            return ()
        self._from = position
        while self._records and self._records[0].position < position:
            self._size -= len(self._records.popleft().value)
        return list(within(islice(self._records, max_records), max_bytes))

    def peek(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the fetched records at and after a position, in order; keep those before."""
        if self._from is None or position < self._from:
            return ()
        first = bisect_left(self._records, position, key=_position)
        return list(within(islice(self._records, first, first + max_records), max_bytes))

    def wait(self, timeout_s: float) -> bool:  # noqa: ARG002 - the port's
        """Return at once: whoever drives several partitions waits for all of them."""
        return True

    def add(self, records: Iterable[Record]) -> None:
        """Take in what was fetched next."""
        for record in records:
            self._records.append(record)
            self._size += len(record.value)

    def forget(self) -> None:
        """Drop what was fetched: the next read asks for it again."""
        self._records.clear()
        self._size = 0
        self._from = None

    def _begin(self, position: int) -> None:
        self.forget()
        self._seek(position)
        self._from = position
