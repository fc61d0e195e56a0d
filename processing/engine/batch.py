"""A micro-batch: consecutive records of one partition, decoded, and those that could not be."""

from __future__ import annotations

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
class Batch(Generic[MessageT]):
    """What one transaction stores: it moves the partition from `start` to `end` or not at all."""

    partition: str
    epoch: int
    start: int
    end: int
    records: tuple[Decoded[MessageT], ...] = ()
    set_aside: tuple[SetAside[MessageT], ...] = ()

    def is_bad(self) -> list[bool]:
        """Say of each record, in log order, whether it is set aside."""
        if not self.set_aside:
            return [False] * len(self.records)
        marked = [(one.record.position, False) for one in self.records]
        marked += [(one.record.position, True) for one in self.set_aside]
        return [bad for _, bad in sorted(marked)]

    def ahead(self) -> Batch[MessageT]:
        """Return the decoded records as a batch that leaves the position."""
        return replace(self, end=self.start, set_aside=())

    def halves(self) -> tuple[Batch[MessageT], Batch[MessageT]]:
        """Cut the batch in two, each with half of the decoded records, in log order."""
        cut = self.records[len(self.records) // 2].record.position
        first = replace(
            self,
            end=cut,
            records=tuple(one for one in self.records if one.record.position < cut),
            set_aside=tuple(one for one in self.set_aside if one.record.position < cut),
        )
        second = replace(
            self,
            start=cut,
            records=tuple(one for one in self.records if one.record.position >= cut),
            set_aside=tuple(one for one in self.set_aside if one.record.position >= cut),
        )
        return first, second

    def refused(self, reason: str) -> Batch[MessageT]:
        """Return the batch with every decoded record set aside for a reason."""
        refused = tuple(
            SetAside(one.record, reason[:MAX_REASON], one.message) for one in self.records
        )
        return replace(self, records=(), set_aside=(*self.set_aside, *refused))
