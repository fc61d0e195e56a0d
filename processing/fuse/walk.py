"""The walk: decide reports in order, and decide again outward only while something changes.

A report's decision depends on the reports before it in the order: those that agree with it, and
the members of the incidents whose founders agree with it. So when a report moves from one incident
to another, only these later reports can be concerned:

- it leaves an incident: those that agree with the founder and not with the report;
- it joins one: the later members that do not agree with the report;
- it becomes a founder: those that agree with it;
- it stops being one: its members.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from processing.fuse.agree import Agreement, separation_m
from processing.fuse.columns import SightingColumns
from processing.fuse.order import Rank, rank

UNDECIDED = -1


@dataclass(slots=True)
class Walk:
    """Who founds and who joins, in the middle of being decided.

    `founder` has the founder's row for each row (its own for a founder, `UNDECIDED` before its
    first decision); `members` the rows of each founder; `decided` the rows that were (re)decided;
    `leaned_on` the rows whose whole surroundings a decision relied on.
    """

    scene: SightingColumns
    agreement: Agreement
    founder: list[int]
    members: dict[int, set[int]]
    decided: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    leaned_on: set[int] = field(default_factory=set)
    _heap: list[tuple[Rank, int]] = field(default_factory=list)
    _waiting: set[int] = field(default_factory=set)
    _ranks: dict[int, Rank] = field(default_factory=dict)
    _agreeing: dict[int, frozenset[int]] = field(default_factory=dict)

    def push(self, rows: Iterable[int]) -> None:
        """Have some rows decided (again)."""
        for row in rows:
            if row not in self._waiting:
                self._waiting.add(row)
                heapq.heappush(self._heap, (self.rank(row), row))

    def run(self) -> None:
        """Decide until nothing changes any more."""
        while self._heap:
            _, row = heapq.heappop(self._heap)
            self.agreeing(row)
            self._waiting.discard(row)
            self.decided.add(row)
            self.leaned_on.add(row)
            self._move(row, self._decide(row))

    def rank(self, row: int) -> Rank:
        """Return the place of a row in the order."""
        known = self._ranks.get(row)
        if known is None:
            known = self._ranks[row] = rank(self.scene, row)
        return known

    def agreeing(self, row: int) -> frozenset[int]:
        """Return the rows that agree with a row; looked up together with all that wait."""
        known = self._agreeing.get(row)
        if known is not None:
            return known
        asked = [row, *(w for w in self._waiting if w not in self._agreeing and w != row)]
        self._agreeing.update(zip(asked, self.agreement.of(asked), strict=True))
        return self._agreeing[row]

    def _decide(self, row: int) -> int:
        """Return the founder that a row joins, or the row itself."""
        place = self.rank(row)
        agreeing = self._agreeing[row]
        open_to_it = [
            other
            for other in agreeing
            if self.founder[other] == other
            and self.rank(other) < place
            and not any(self.rank(m) < place for m in self.members[other] - agreeing)
        ]
        self.leaned_on.update(open_to_it)
        if len(open_to_it) < 2:  # noqa: PLR2004 - nothing to choose between
            return open_to_it[0] if open_to_it else row
        return self._nearest(row, open_to_it)

    def _nearest(self, row: int, founders: list[int]) -> int:
        there = np.array(founders, dtype=np.int64)
        distances_m = separation_m(self.scene, np.full_like(there, row), there).tolist()
        roots = [self.scene.root_id[f] for f in founders]
        return min(zip(distances_m, roots, founders, strict=True))[2]

    def _move(self, row: int, to: int) -> None:
        was = self.founder[row]
        self.touched.add(to)
        if was == to:
            return
        self.founder[row] = to
        if was == row:
            self._disband(row)
        elif was != UNDECIDED:
            self._leave(row, was)
        if to == row:
            self.members[row] = {row}
            self._push_later(row, self._agreeing[row])
        else:
            self.members[to].add(row)
            self._push_later(row, self.members[to] - self._agreeing[row])

    def _disband(self, row: int) -> None:
        for member in self.members.pop(row):
            if member != row:
                self.founder[member] = UNDECIDED
                self.push((member,))

    def _leave(self, row: int, was: int) -> None:
        self.touched.add(was)
        self.leaned_on.add(was)
        self.members[was].discard(row)
        concerned = self.agreeing(was) - self._agreeing[row] - self.members[was]
        self._push_later(row, concerned)

    def _push_later(self, row: int, rows: Iterable[int]) -> None:
        place = self.rank(row)
        self.push(r for r in rows if self.rank(r) > place)
