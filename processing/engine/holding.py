"""The partitions that a worker holds: where each stands, and what waits in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from processing.engine.batch import Claim
from processing.engine.limits import EngineLimits
from schemas.log import Backlog, Record


@dataclass(slots=True)
class Held:
    """One partition that is held. For one thread."""

    source: Backlog
    claim: Claim
    records: int = 0
    set_aside: int = 0
    # Up to where it was looked for urgent records, and which were found and not yet stored.
    looked_to: int = 0
    urgent: list[Record] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """How many records wait, as far as it was looked."""
        return self.looked_to - self.claim.position

    def look(self, limits: EngineLimits, is_urgent: Callable[[Record], bool]) -> None:
        """Look through what waits, and was not looked through, for what is urgent.

        Raises StorageError.
        """
        position = self.claim.position
        found = self.source.peek(
            max(self.looked_to, position),
            max_records=limits.peek_records,
            max_bytes=limits.max_bytes,
        )
        self.urgent = [one for one in self.urgent if one.position >= position]
        self.urgent += [one for one in found if is_urgent(one)]
        self.looked_to = found[-1].position + 1 if found else max(self.looked_to, position)


def read(held: Mapping[str, Held], *, records: int, max_bytes: int) -> dict[str, Sequence[Record]]:
    """Return what waits, of all partitions together so many records and bytes at most.

    At least one record of each that has one, whatever the bounds: none waits for the others. Those
    that have nothing are left out. Raises StorageError.
    """
    names = sorted(held)
    counts = shares([held[name].waiting for name in names], records)
    found: dict[str, Sequence[Record]] = {}
    for left, name, count in zip(range(len(names), 0, -1), names, counts, strict=True):
        one = held[name]
        came = one.source.read(
            one.claim.position, max_records=count, max_bytes=max(1, max_bytes // left)
        )
        if came:
            found[name] = came
            max_bytes -= sum([len(record.value) for record in came])
    return found


def shares(waiting: Sequence[int], room: int) -> list[int]:
    """Say how many records each partition may give, `room` in all, and one at least.

    None gives more than another that has as many; what is left over is shared among all, because
    more may wait than was seen.
    """
    given = [0] * len(waiting)
    smallest_first = sorted(range(len(waiting)), key=lambda one: waiting[one])
    for left, one in zip(range(len(waiting), 0, -1), smallest_first, strict=True):
        given[one] = min(waiting[one], room // left)
        room -= given[one]
    for left, one in zip(range(len(waiting), 0, -1), smallest_first, strict=True):
        more = room // left
        given[one] += more
        room -= more
    return [max(1, count) for count in given]
