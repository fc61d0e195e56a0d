"""Fusing again after some reports changed: the same partition as from scratch, for less."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from processing.fuse.agree import Agreement
from processing.fuse.columns import Regrouped, SightingColumns
from processing.fuse.greedy import named
from processing.fuse.walk import Standing, Walk


def regroup(
    scene: SightingColumns,
    *,
    standing: Standing,
    changed: Collection[int],
    lost: Mapping[str, int],
) -> Regrouped:
    """Decide again what some changes concern; equal to `fuse_all` over every report there is.

    `scene` holds every report of the days on which something changed. `changed` are its rows that
    are new or whose content changed, with the incident that they belonged to before, if any;
    `lost` are these incidents and those of which a report was retracted, with their days.

    An incident of which nothing is in the scene is taken to have lost all its reports.
    """
    return Regrouping.begin(scene, standing=standing, changed=changed, lost=lost).conclude()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """One regrouping: what was, and the walk from there."""

    scene: SightingColumns
    changed: frozenset[int]
    lost: Mapping[str, int]
    walk: Walk
    alone: Collection[int]

    @classmethod
    def begin(
        cls,
        scene: SightingColumns,
        *,
        standing: Standing,
        changed: Collection[int],
        lost: Mapping[str, int],
    ) -> Regrouping:
        """Set the walk up: what stands from before, and what must be decided again."""
        agreement = Agreement(scene)
        return cls(
            scene=scene,
            changed=frozenset(changed),
            lost=lost,
            walk=Walk(scene=scene, agreement=agreement, standing=standing, undecided=changed),
            alone=[row for row in changed if not agreement.is_fusible[row]],
        )

    def conclude(self) -> Regrouped:
        """Walk, and say what changed."""
        self._push_bereft()
        self.walk.begin(sorted(self.changed.difference(self.alone)))
        self.walk.run()
        return self._result()

    def _push_bereft(self) -> None:
        """Have the incidents that lost a report decided again.

        The lost one may have been the founder (then all the others are concerned) or a member
        that kept others out (then all that agree with the founder, the first that is left).
        """
        lefts = [self.walk.first_left(incident, day) for incident, day in self.lost.items()]
        firsts = [first for first in lefts if first is not None]
        for first in firsts:
            self.walk.push(self.walk.members[first])
        for first in firsts:
            self.walk.push(self.walk.agreeing(first))

    def _result(self) -> Regrouped:
        members = self.walk.members
        rows_of = [members[f] for f in self.walk.touched if f in members]
        rows_of += [{row} for row in self.alone]
        found = [(*named(self.scene, rows), rows) for rows in rows_of]
        held: dict[str, Counter[str]] = defaultdict(Counter)
        for new_id, _, rows in found:
            for row in rows:
                if before := self.scene.incident_id[row]:
                    held[before][new_id] += 1
        # An incident whose report is now another's changed too, and may have ended.
        left = self.lost.keys() | {old for old, heirs in held.items() if heirs.keys() != {old}}
        groups = {
            new_id: roots
            for new_id, roots, rows in found
            if new_id in left
            or not rows.isdisjoint(self.changed)
            or any(self.scene.incident_id[row] != new_id for row in rows)
        }
        ended = left - {new_id for new_id, _, _ in found}
        return Regrouped(
            groups=groups,
            days={new_id: self._day(rows) for new_id, _, rows in found if new_id in groups},
            gone={old: _heir(held[old]) for old in ended},
        )

    def _day(self, rows: Collection[int]) -> int:
        return self.scene.sightings[next(iter(rows))].day


def _heir(held: Counter[str]) -> str | None:
    """Return the id that holds most of an old incident's reports (ties by id), if any."""
    return min(held, key=lambda i: (-held[i], i), default=None)
