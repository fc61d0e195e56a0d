"""A store of current reports that fuses batches the way processing does, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from processing.fuse.cells import reach_cells
from processing.fuse.columns import NeedMore, Regrouped
from processing.fuse.regroup import regroup
from tests.processing.fuse.scenes import Partition, Sighting, columns

Cell = tuple[int, int]


@dataclass(slots=True)
class World:
    """Reports by root, each with the incident it belongs to, and the old ids that point on."""

    reports: dict[str, Sighting] = field(default_factory=dict)
    redirects: dict[str, str | None] = field(default_factory=dict)
    rounds: int = 0
    last: Regrouped = field(default_factory=lambda: Regrouped(groups={}, gone={}))

    def apply(self, changes: Mapping[str, Sighting | None]) -> None:
        """Take a batch in: a new or changed report for a root, or None to take it away."""
        old = {root: self.reports[root] for root in changes if root in self.reports}
        lost = {
            root: was.incident_id
            for root, was in old.items()
            if (now := changes[root]) is None or (now.day, now.cell4) != (was.day, was.cell4)
        }
        for root, now in changes.items():
            if now is None:
                self.reports.pop(root, None)
                continue
            incident = old[root].incident_id if root in old and root not in lost else ""
            self.reports[root] = replace(now, incident_id=incident)
        new = [self.reports[root] for root in changes if root in self.reports]
        self._fuse(new, lost=lost, loaded=_reach([*old.values(), *new]))

    def partition(self) -> Partition:
        found: dict[str, list[str]] = {}
        for root, report in self.reports.items():
            found.setdefault(report.incident_id, []).append(root)
        return {incident: tuple(sorted(roots)) for incident, roots in found.items()}

    def _fuse(
        self, new: Sequence[Sighting], *, lost: Mapping[str, str], loaded: frozenset[Cell]
    ) -> None:
        changed = frozenset(report.root_id for report in new)
        while True:
            self.rounds += 1
            scene = [
                report
                for report in self.reports.values()
                if (report.day, report.cell4) in loaded or report.root_id in changed
            ]
            answer = regroup(columns(scene), changed=changed, lost=lost, loaded=loaded)
            if isinstance(answer, Regrouped):
                break
            assert isinstance(answer, NeedMore)
            assert answer.cells, "asked for more without saying what"
            assert not answer.cells & loaded, "asked for what it has"
            loaded |= answer.cells
        self._store(answer)

    def _store(self, answer: Regrouped) -> None:
        self.last = answer
        for incident, roots in answer.groups.items():
            for root in roots:
                self.reports[root] = replace(self.reports[root], incident_id=incident)
            self.redirects.pop(incident, None)
        self.redirects.update(answer.gone)


def _reach(reports: Sequence[Sighting]) -> frozenset[Cell]:
    return frozenset((r.day, cell) for r in reports for cell in reach_cells(r.cell4, r.radius_m))
