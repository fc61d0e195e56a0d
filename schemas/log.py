"""What crosses a log (the spool or Kafka): records and positions.

A position is the number of the next record to read in one partition; 0 is the beginning. The
spool has one partition, named after its node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol


class Origin(NamedTuple):
    """Where a record was first: an ingest node and the sequence in its spool."""

    node: str
    sequence: int


class Record(NamedTuple):
    """One message as it lies in the log. A tuple, because one is made for every report.

    `origin` is None in the spool itself, and of a record that somebody else put on a topic.
    """

    partition: str
    position: int
    value: bytes
    origin: Origin | None = None

    def first_at(self) -> Origin:
        """Return where it was first: what receipts and dead letters name it by."""
        return self.origin or Origin(self.partition, self.position)


def within(records: Iterable[Record], max_bytes: int) -> Iterator[Record]:
    """Yield the first records, of so many bytes at most; at least one if there is one."""
    size = 0
    for number, record in enumerate(records):
        size += len(record.value)
        if number and size > max_bytes:
            return
        yield record


class Source(Protocol):
    """A log read by position: reading a position again gives the same records."""

    partition: str

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the records at and after a position, in order; empty at the end of the log.

        At least one record is returned if there is one, even if it is larger than `max_bytes`.
        Does not wait. Raises StorageError when the log can't be read now.
        """

    def wait(self, timeout_s: float) -> bool:
        """Block until there may be something new (True) or the time is over (False)."""


class Backlog(Source, Protocol):
    """A log of which what waits can be looked through before it is read."""

    def peek(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return what `read` would, as far as it is at hand: the reader is still further back."""
