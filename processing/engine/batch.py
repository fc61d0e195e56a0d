"""A micro-batch: consecutive records of some partitions, decoded, and those that could not be."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from schemas.log import Record

MessageT = TypeVar("MessageT")

# The width of `dead_letters.reason`.
MAX_REASON = 400


class Decoded(NamedTuple, Generic[MessageT]):
    """One record with the message that its bytes are."""

    record: Record
    message: MessageT


@dataclass(frozen=True, slots=True)
class SetAside(Generic[MessageT]):
    """One record that cannot be processed, with the reason; `message` if it could be decoded."""

    record: Record
    reason: str
    message: MessageT | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Where a partition stands, and the epoch under which its owner may move it."""

    position: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A move of one partition from `start` to `end`, under the epoch of its owner."""

    partition: str
    epoch: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[MessageT]):
    """What one transaction stores: it moves all its partitions, or none.

    `stretches` are in order of their partition, `records` in that order and by position.
    """

    stretches: tuple[Stretch, ...]
    records: tuple[Decoded[MessageT], ...] = ()
    set_aside: tuple[SetAside[MessageT], ...] = ()

    def is_bad(self) -> list[bool]:
        """Say of each record, in order, whether it is set aside."""
        if not self.set_aside:
            return [False] * len(self.records)
        marked = [(_place(one.record), False) for one in self.records]
        marked += [(_place(one.record), True) for one in self.set_aside]
        return [bad for _, bad in sorted(marked)]

    def ahead(self) -> Batch[MessageT]:
        """Return the decoded records as a batch that leaves the positions."""
        stays = tuple(replace(one, end=one.start) for one in self.stretches)
        return replace(self, stretches=stays, set_aside=())

    def halves(self) -> tuple[Batch[MessageT], Batch[MessageT]]:
        """Cut the batch in two, each with half of the decoded records, in order."""
        middle = self.records[len(self.records) // 2].record
        return self._part(middle, before=True), self._part(middle, before=False)

    def refused(self, reason: str) -> Batch[MessageT]:
        """Return the batch with every decoded record set aside for a reason."""
        refused = tuple(
            SetAside(one.record, reason[:MAX_REASON], one.message) for one in self.records
        )
        return replace(self, records=(), set_aside=(*self.set_aside, *refused))

    def _part(self, middle: Record, *, before: bool) -> Batch[MessageT]:
        """Return what lies before a record, or that record and what lies after it."""
        cut = bisect_left(self.stretches, middle.partition, key=lambda one: one.partition)
        split = self.stretches[cut]
        if before:
            kept = (*self.stretches[:cut], replace(split, end=middle.position))
        else:
            kept = (replace(split, start=middle.position), *self.stretches[cut + 1 :])
        place = _place(middle)
        return Batch(
            stretches=kept,
            records=tuple(o for o in self.records if (_place(o.record) < place) is before),
            set_aside=tuple(o for o in self.set_aside if (_place(o.record) < place) is before),
        )


def _place(record: Record) -> tuple[str, int]:
    return record.partition, record.position
