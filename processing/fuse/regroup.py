"""Fusing again after some reports changed: the same partition as from scratch, for less."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from processing.fuse.agree import Agreement
from processing.fuse.cells import radius_steps, reach_cells, reach_cells_at
from processing.fuse.columns import NeedMore, Regrouped, SightingColumns
from processing.fuse.greedy import named
from processing.fuse.walk import Walk

_NOTHING = Regrouped(groups={}, gone={})


def regroup(
    scene: SightingColumns,
    *,
    changed: frozenset[str],
    lost: Mapping[str, str],
    loaded: frozenset[tuple[int, int]],
) -> Regrouped | NeedMore:
    """Decide again what some changes concern; equal to `fuse_all` over every report there is.

    `scene` holds every report of the (day, cell4) pairs in `loaded`, and the changed ones wherever
    they are. `changed` are roots that are new or whose content changed; a row without an incident
    counts as one. `lost` are roots that left their old day or place or were retracted, with the
    incident they belonged to; such a root may be in the scene at its new place.

    The reach of a changed or lost root's *old* place must be among `loaded`: this function knows
    that place only through the incident's other members. An incident of which nothing is in the
    scene is taken to have lost all its reports.

    Returns NeedMore when a decision leans on a cell that is not loaded: it names all that are
    known to be missing, never one that is loaded, so asking again with them comes to an end.
    """
    if not len(scene):
        gone = dict.fromkeys(lost.values())
        return Regrouped(groups={}, gone=gone) if lost else _NOTHING
    return Regrouping.begin(scene, changed=changed, lost=lost).conclude(loaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """One regrouping: what was, and the walk from there."""

    scene: SightingColumns
    changed: frozenset[int]
    before: Sequence[str]
    lost_from: frozenset[str]
    walk: Walk
    alone: list[int] = field(default_factory=list)

    @classmethod
    def begin(
        cls, scene: SightingColumns, *, changed: frozenset[str], lost: Mapping[str, str]
    ) -> Regrouping:
        """Set the walk up: what stands from before, and what must be decided again."""
        before = _before(scene, lost)
        new_here = changed | lost.keys()
        anew = {row for row, root in enumerate(scene.root_id) if root in new_here}
        anew.update(row for row, incident in enumerate(before) if not incident)
        agreement = Agreement(scene)
        fusible = agreement.is_fusible.tolist()
        lost_from = frozenset(lost.values()) | {before[row] for row in anew if before[row]}
        return cls(
            scene=scene,
            changed=frozenset(anew),
            before=before,
            lost_from=lost_from,
            walk=Walk(
                scene=scene,
                agreement=agreement,
                incident=before,
                standing=_standing(before, agreement, anew),
            ),
            alone=[row for row in anew if not fusible[row]],
        )

    def conclude(self, loaded: frozenset[tuple[int, int]]) -> Regrouped | NeedMore:
        """Walk, and say what changed or what is missing."""
        self._push_bereft()
        self.walk.begin(sorted(self.changed.difference(self.alone)))
        self.walk.run()
        missing = _missing(self.scene, self.walk.leaned_on | self.walk.decided, loaded)
        return NeedMore(cells=missing) if missing else self._result()

    def _push_bereft(self) -> None:
        """Have the incidents that lost a report decided again.

        The lost one may have been the founder (then all the others are concerned) or a member
        that kept others out (then all that agree with the founder, the first that is left).
        """
        for incident in self.lost_from:
            first = self.walk.first_left(incident)
            if first is not None:
                self.walk.push(self.walk.members[first])
                self.walk.push(self.walk.agreeing(first))

    def _result(self) -> Regrouped:
        members = self.walk.members
        rows_of = [members[f] for f in self.walk.touched if f in members]
        rows_of += [{row} for row in self.alone]
        found = [(*named(self.scene, rows), rows) for rows in rows_of]
        held: dict[str, Counter[str]] = defaultdict(Counter)
        for new_id, _, rows in found:
            for row in rows:
                if before := self.before[row]:
                    held[before][new_id] += 1
        # An incident whose report is now another's changed too, and may have ended.
        left = self.lost_from | {old for old, heirs in held.items() if heirs.keys() != {old}}
        groups = {
            new_id: roots
            for new_id, roots, rows in found
            if new_id in left
            or not rows.isdisjoint(self.changed)
            or any(self.before[row] != new_id for row in rows)
        }
        ended = left - {new_id for new_id, _, _ in found}
        return Regrouped(groups=groups, gone={old: _heir(held[old]) for old in ended})


def _before(scene: SightingColumns, lost: Mapping[str, str]) -> Sequence[str]:
    if not lost:
        return scene.incident_id
    pairs = zip(scene.root_id, scene.incident_id, strict=True)
    return [lost.get(root, incident) for root, incident in pairs]


def _standing(
    before: Sequence[str], agreement: Agreement, anew: set[int]
) -> Mapping[str, Sequence[int]]:
    """Return the rows of each incident that did not change."""
    stays = agreement.is_fusible.copy()
    stays[list(anew)] = False
    groups: dict[str, list[int]] = {}
    for row in np.flatnonzero(stays).tolist():
        groups.setdefault(before[row], []).append(row)
    return groups


def _missing(
    scene: SightingColumns, rows: set[int], loaded: frozenset[tuple[int, int]]
) -> frozenset[tuple[int, int]]:
    """Return the (day, cell4) not loaded that may hold reports which some rows could meet."""
    loaded_of: dict[int, set[int]] = defaultdict(set)
    for day, cell in loaded:
        loaded_of[day].add(cell)
    asked = list(rows)
    days, cells = scene.day[asked].tolist(), scene.cell4[asked].tolist()
    steps_m = radius_steps(scene.radius_m[asked]).tolist()
    # Many rows share their surroundings.
    enough: dict[tuple[int, int, float], bool] = {}
    missing: set[tuple[int, int]] = set()
    for row, day, cell, step_m in zip(asked, days, cells, steps_m, strict=True):
        key = (day, cell, step_m)
        here = loaded_of[day]
        if key not in enough:
            enough[key] = reach_cells(cell, step_m) <= here
        if not enough[key]:
            place = float(scene.lon[row]), float(scene.lat[row])
            near = reach_cells_at(cell, *place, float(scene.radius_m[row]))
            missing.update((day, c) for c in near if c not in here)
    return frozenset(missing)


def _heir(held: Counter[str]) -> str | None:
    """Return the id that holds most of an old incident's reports (ties by id), if any."""
    return min(held, key=lambda i: (-held[i], i), default=None)
