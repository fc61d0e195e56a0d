"""The walk: decide reports in order, and decide again outward only while something changes.

A report's decision depends on the reports before it in the order: those that agree with it, and
the members of the incidents whose founders agree with it. So when a report moves from one incident
to another, only these later reports can be concerned:

- it leaves an incident: those that agree with the founder and not with the report, if that
  founder is nearer than theirs;
- it joins one: the later members that do not agree with the report;
- it becomes a founder: those that agree with it, if it is nearer than their founder;
- it stops being one: its members.

Whatever else would make one of them decide otherwise is a move of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import InitVar, dataclass, field

from processing.fuse.agree import Agreement
from processing.fuse.columns import SightingColumns
from processing.fuse.order import Rank, rank

UNDECIDED = -1

# The rows of an incident, of its day, that did not change.
Standing = Callable[[str, int], Sequence[int]]

_NOBODY: frozenset[int] = frozenset()


class _Ranks(dict[int, Rank]):
    """The place of each row in the order, found out when it is first asked for."""

    def __init__(self, scene: SightingColumns) -> None:
        super().__init__()
        self._sightings = scene.sightings

    def __missing__(self, row: int) -> Rank:
        found = self[row] = rank(self._sightings[row])
        return found


@dataclass(slots=True)
class Walk:
    """Who founds and who joins, in the middle of being decided.

    `undecided` are the rows that do not stand.
    `members` are the rows of each founder that the walk came by; `decided` the rows that were
    (re)decided; `touched` the founders whom that concerned.
    """

    scene: SightingColumns
    agreement: Agreement
    standing: Standing
    undecided: InitVar[Iterable[int]]
    members: dict[int, set[int]] = field(default_factory=dict)
    decided: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    _founder: dict[int, int] = field(init=False)
    _heap: list[tuple[Rank, int]] = field(default_factory=list)
    _waiting: set[int] = field(default_factory=set)
    _agreeing: dict[int, frozenset[int]] = field(default_factory=dict)
    _rank: _Ranks = field(init=False)

    def __post_init__(self, undecided: Iterable[int]) -> None:
        self._rank = _Ranks(self.scene)
        self._founder = dict.fromkeys(undecided, UNDECIDED)

    def begin(self, rows: Iterable[int]) -> None:
        """Have undecided rows decided, at once where it does not matter who is decided first.

        That is where all agree with each other and with nobody else (or nobody agrees at all):
        whoever founds, all the others join, since no other founder is open to them.
        """
        asked = list(rows)
        self._look_up({*asked, *self._waiting})
        found = {row: self._agreeing[row] for row in asked}
        for row, agreeing in found.items():
            if self._founder[row] != UNDECIDED:
                continue
            together = agreeing | {row}
            if all(found.get(other, _NOBODY) | {other} == together for other in agreeing):
                self._found(row, together)
            else:
                self.push((row,))

    def push(self, rows: Iterable[int]) -> None:
        """Have some rows decided again."""
        for row in rows:
            if row not in self._waiting:
                self._waiting.add(row)
                heapq.heappush(self._heap, (self._rank[row], row))

    def run(self) -> None:
        """Decide until nothing changes any more."""
        while self._heap:
            row = heapq.heappop(self._heap)[1]
            agreeing = self.agreeing(row)
            self._waiting.discard(row)
            self.decided.add(row)
            to = self._decide(row, agreeing) if agreeing else row
            self.touched.add(to)
            was = self.founder(row)
            if was != to:
                self._move(row, was=was, to=to)

    def agreeing(self, row: int) -> frozenset[int]:
        """Return the rows that agree with a row; looked up together with all that wait."""
        if row not in self._agreeing:
            self._look_up({row, *self._waiting})
        return self._agreeing[row]

    def _look_up(self, rows: Iterable[int]) -> None:
        asked = [row for row in rows if row not in self._agreeing]
        self._agreeing.update(zip(asked, self.agreement.of(asked), strict=True))

    def founder(self, row: int) -> int:
        """Return the row of the founder whose incident a row is in now, or `UNDECIDED`."""
        known = self._founder.get(row)
        if known is not None:
            return known
        incident, day = self.scene.incident_id[row], self.scene.sightings[row].day
        return self._stand(self.standing(incident, day))

    def first_left(self, incident: str, day: int) -> int | None:
        """Return the first that is left of an incident, if any is. Only before the walk runs."""
        rows = self.standing(incident, day)
        return self._stand(rows) if rows else None

    def _stand(self, rows: Sequence[int]) -> int:
        """Take an incident in as it stood. Of those that are left, the first founded it."""
        first = rows[0] if len(rows) == 1 else min(rows, key=self._rank.__getitem__)
        self.members[first] = set(rows)
        for row in rows:
            self._founder[row] = first
        return first

    def _found(self, founder: int, together: frozenset[int]) -> None:
        self.members[founder] = set(together)
        for row in together:
            self._founder[row] = founder
        self.touched.add(founder)
        self.decided.update(together)

    def _decide(self, row: int, agreeing: frozenset[int]) -> int:
        """Return the founder that a row joins, or the row itself."""
        place = self._rank[row]
        open_to_it = [
            other
            for other in agreeing
            if self.founder(other) == other
            and self._rank[other] < place
            and not self._is_kept_out(place, self.members[other] - agreeing)
        ]
        if not open_to_it:
            return row
        if len(open_to_it) == 1:
            return open_to_it[0]
        return min(open_to_it, key=lambda founder: self._preference(row, founder))

    def _is_kept_out(self, place: Rank, strangers: set[int]) -> bool:
        """Say whether any of some members that do not agree is there already at this place."""
        return bool(strangers) and any(self._rank[member] < place for member in strangers)

    def _preference(self, row: int, founder: int) -> tuple[float, str]:
        """Return what a row chooses a founder by; the least wins."""
        return self.agreement.separation_m(row, founder), self.scene.sightings[founder].root_id

    def _move(self, row: int, *, was: int, to: int) -> None:
        agreeing = self._agreeing[row]
        self._founder[row] = to
        if was == row:
            self._disband(row)
        elif was != UNDECIDED:
            self._leave(row, was)
        if to == row:
            self.members[row] = {row}
            self._offer(row, self._later(row, agreeing))
        else:
            self.members[to].add(row)
            self.push(self._later(row, self.members[to] - agreeing))

    def _disband(self, row: int) -> None:
        members = self.members.pop(row)
        members.discard(row)
        for member in members:
            self._founder[member] = UNDECIDED
        self.push(members)

    def _leave(self, row: int, was: int) -> None:
        self.touched.add(was)
        self.members[was].discard(row)
        concerned = self.agreeing(was) - self._agreeing[row] - self.members[was]
        self._offer(was, self._later(row, concerned))

    def _offer(self, founder: int, rows: Iterable[int]) -> None:
        """Have those rows decided that may like a founder better than their own."""
        for row in rows:
            mine = self.founder(row)
            if mine in (row, UNDECIDED) or (
                self._preference(row, founder) < self._preference(row, mine)
            ):
                self.push((row,))

    def _later(self, row: int, rows: Iterable[int]) -> list[int]:
        ranks = self._rank
        place = ranks[row]
        return [other for other in rows if ranks[other] > place]
