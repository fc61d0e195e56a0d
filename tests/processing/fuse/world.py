"""A store of current reports that fuses batches the way processing does, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from processing.fuse.columns import Regrouped
from processing.fuse.regroup import regroup
from tests.processing.fuse.scenes import Partition, Sighting, columns, standing


@dataclass(slots=True)
class World:
    """Reports by root, each with the incident it belongs to, and the old ids that point on."""

    reports: dict[str, Sighting] = field(default_factory=dict)
    redirects: dict[str, str | None] = field(default_factory=dict)
    last: Regrouped = field(default_factory=lambda: Regrouped(groups={}, days={}, gone={}))

    def apply(self, changes: Mapping[str, Sighting | None]) -> None:
        """Take a batch in: a new or changed report for a root, or None to take it away."""
        old = {root: self.reports.pop(root) for root in changes if root in self.reports}
        new = {
            root: replace(now, incident_id=old[root].incident_id if root in old else "")
            for root, now in changes.items()
            if now is not None
        }
        self.reports |= new
        days = {report.day for report in (*old.values(), *new.values())}
        scene = [report for report in self.reports.values() if report.day in days]
        changed = [row for row, report in enumerate(scene) if report.root_id in new]
        self._store(
            regroup(
                columns(scene),
                standing=standing(scene, changed=changed),
                changed=changed,
                lost={was.incident_id: was.day for was in old.values()},
            )
        )

    def partition(self) -> Partition:
        found: dict[str, list[str]] = {}
        for root, report in self.reports.items():
            found.setdefault(report.incident_id, []).append(root)
        return {incident: tuple(sorted(roots)) for incident, roots in found.items()}

    def _store(self, answer: Regrouped) -> None:
        self.last = answer
        for incident, roots in answer.groups.items():
            for root in roots:
                self.reports[root] = replace(self.reports[root], incident_id=incident)
            self.redirects.pop(incident, None)
        self.redirects.update(answer.gone)
