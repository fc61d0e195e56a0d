"""Fusing again after some reports changed: the same partition as from scratch, for less."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from processing.fuse.agree import Agreement
from processing.fuse.cells import reach_cells, reach_cells_at
from processing.fuse.columns import NeedMore, Regrouped, SightingColumns
from processing.fuse.greedy import named
from processing.fuse.walk import UNDECIDED, Walk

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
    return _Regrouping.begin(scene, changed=changed, lost=lost).conclude(loaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Regrouping:
    """One regrouping: what was, and the walk from there."""

    scene: SightingColumns
    changed: frozenset[int]
    before: list[str]
    lost_from: frozenset[str]
    walk: Walk
    alone: list[int] = field(default_factory=list)

    @classmethod
    def begin(
        cls, scene: SightingColumns, *, changed: frozenset[str], lost: Mapping[str, str]
    ) -> _Regrouping:
        """Set the walk up: what stands from before, and what must be decided again."""
        before = [
            lost.get(root, incident)
            for root, incident in zip(scene.root_id, scene.incident_id, strict=True)
        ]
        anew = frozenset(
            row
            for row, root in enumerate(scene.root_id)
            if root in changed or root in lost or not before[row]
        )
        agreement = Agreement(scene)
        fusible = agreement.is_fusible.tolist()
        lost_from = frozenset(lost.values()) | {before[row] for row in anew if before[row]}
        return cls(
            scene=scene,
            changed=anew,
            before=before,
            lost_from=lost_from,
            walk=_standing(scene, agreement, before=before, anew=anew),
            alone=[row for row in anew if not fusible[row]],
        )

    def conclude(self, loaded: frozenset[tuple[int, int]]) -> Regrouped | NeedMore:
        """Walk, and say what changed or what is missing."""
        alone = set(self.alone)
        self._push_bereft()
        self.walk.push(row for row in self.changed if row not in alone)
        self.walk.run()
        missing = _missing(self.scene, self.walk.leaned_on, loaded)
        return NeedMore(cells=missing) if missing else self._result()

    def _push_bereft(self) -> None:
        """Have the incidents that lost a report decided again.

        The lost one may have been the founder (then all the others are concerned) or a member
        that kept others out (then all that agree with the founder, the first that is left).
        """
        by_incident: dict[str, int] = {}
        for founder in self.walk.members:
            by_incident[self.before[founder]] = founder
        for incident in self.lost_from & by_incident.keys():
            first = by_incident[incident]
            self.walk.push(self.walk.members[first])
            self.walk.leaned_on.add(first)
            self.walk.push(self.walk.agreeing(first))

    def _result(self) -> Regrouped:
        members = self.walk.members
        rows_of = [members[f] for f in self.walk.touched if f in members]
        rows_of += [{row} for row in self.alone]
        found = [(*named(self.scene, rows), rows) for rows in rows_of]
        held: dict[str, Counter[str]] = defaultdict(Counter)
        for new_id, _, rows in found:
            for row in rows:
                held[self.before[row]][new_id] += 1
        # An incident whose report is now another's changed too, and may have ended.
        left = self.lost_from | {old for old, heirs in held.items() if heirs.keys() != {old}}
        groups = {
            new_id: roots
            for new_id, roots, rows in found
            if new_id in left
            or not rows.isdisjoint(self.changed)
            or any(self.before[row] != new_id for row in rows)
        }
        ended = left - {new_id for new_id, _, _ in found} - {""}
        return Regrouped(groups=groups, gone={old: _heir(held[old]) for old in ended})


def _standing(
    scene: SightingColumns, agreement: Agreement, *, before: list[str], anew: frozenset[int]
) -> Walk:
    """Return a walk in which the reports that did not change stand as they did."""
    groups: dict[str, set[int]] = defaultdict(set)
    for row, can_fuse in enumerate(agreement.is_fusible.tolist()):
        if can_fuse and row not in anew:
            groups[before[row]].add(row)
    walk = Walk(scene=scene, agreement=agreement, founder=[UNDECIDED] * len(scene), members={})
    for rows in groups.values():
        first = min(rows, key=walk.rank)
        walk.members[first] = rows
        for row in rows:
            walk.founder[row] = first
    return walk


def _missing(
    scene: SightingColumns, rows: set[int], loaded: frozenset[tuple[int, int]]
) -> frozenset[tuple[int, int]]:
    """Return the (day, cell4) not loaded that may hold reports which some rows could meet."""
    missing: set[tuple[int, int]] = set()
    for row in rows:
        day, cell, radius_m = int(scene.day[row]), int(scene.cell4[row]), float(scene.radius_m[row])
        if all((day, c) in loaded for c in reach_cells(cell, radius_m)):
            continue
        near = reach_cells_at(cell, float(scene.lon[row]), float(scene.lat[row]), radius_m)
        missing.update((day, c) for c in near if (day, c) not in loaded)
    return frozenset(missing)


def _heir(held: Counter[str]) -> str | None:
    """Return the id that holds most of an old incident's reports (ties by id), if any."""
    return min(held, key=lambda i: (-held[i], i), default=None)
