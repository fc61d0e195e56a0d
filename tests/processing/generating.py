"""Reports that are hard on the desk: crowded, corrected, moved, taken back, contradicting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from schemas.report import AdmittedReport
from tests.processing.building import NOON, admitted, report

_TYPES = (
    "VC_KILLING",
    "AC_CLASH",
    "VC_IMMINENT_THREAT",
    "UN_ATTACK_BASE",
    "OTHER",
    "UN_OBSTRUCTION",
)
_ACTORS = ("group-a", "group-b", None)
_KINDS = ("SPOTREP", "SPOTREP", "SPOTREP", "CORRECTION", "RETRACTION", "NIL")
_SENSITIVITY = ("UNCLASSIFIED", "UNCLASSIFIED", "CONFIDENTIAL", "STRICTLY_CONFIDENTIAL")


@dataclass(frozen=True)
class Shape:
    """One revision of one root, as small numbers that shrink well."""

    root: int
    revision: int
    kind: int = 0
    event: int = 0
    actor: int = 2
    unit: int = 0
    hours: int = 0
    east: int = 0
    north: int = 0
    radius_m: float = 1_000.0
    killed: int = 0
    level: int = 0
    exercise: bool = False
    placed: bool = True
    late_h: int = 1

    def admitted(self) -> AdmittedReport:
        occurred = NOON + timedelta(hours=self.hours)
        actor = _ACTORS[self.actor]
        fields: dict[str, Any] = {
            "revision": self.revision,
            "report_kind": _KINDS[self.kind],
            "event_type": _TYPES[self.event],
            "occurred_start": occurred,
            "actors": [{"name": actor, "type": "ARMED_GROUP"}] if actor else [],
            "sensitivity": _SENSITIVITY[self.level],
            "exercise": self.exercise,
            "text": f"report of root {self.root}, revision {self.revision}",
        }
        if self.killed:
            dead = {"harm": "KILLED", "best": self.killed, "population": "CIVILIANS"}
            fields["victims"] = [dead]
        # Steps of about 550 m around the town in the east; the county border is at 31 degrees.
        lon, lat = 31.5 + 0.005 * self.east, 6.2 + 0.005 * self.north
        fields["location"] = {"lon": lon, "lat": lat} if self.placed else {"place_name": "?"}
        return admitted(
            report(f"root-{self.root}", **fields),
            unit_id=f"unit-{self.unit}",
            received_at=occurred + timedelta(hours=self.late_h),
            radius_m=self.radius_m,
        )


def shapes(*, roots: int = 8) -> st.SearchStrategy[Shape]:
    return st.builds(
        Shape,
        root=st.integers(1, roots),
        revision=st.integers(1, 3),
        kind=st.integers(0, len(_KINDS) - 1),
        event=st.integers(0, len(_TYPES) - 1),
        actor=st.integers(0, len(_ACTORS) - 1),
        unit=st.integers(0, 2),
        hours=st.sampled_from((0, 1, 5, 9, 10, 24, 24 * 8, 24 * 20)),
        east=st.sampled_from((0, 1, 3, 8, -98, -100, -102)),
        north=st.sampled_from((0, 1, 3, 8)),
        radius_m=st.sampled_from((25.0, 1_000.0, 5_000.0, 25_000.0, 60_000.0)),
        killed=st.sampled_from((0, 0, 1, 6, 30)),
        level=st.integers(0, len(_SENSITIVITY) - 1),
        exercise=st.sampled_from((False, False, False, True)),
        placed=st.sampled_from((True, True, True, False)),
        late_h=st.sampled_from((1, 2, 100)),
    )


def report_sets(*, roots: int = 8, max_size: int = 14) -> st.SearchStrategy[list[AdmittedReport]]:
    """Distinct (root_id, revision), in some order."""
    return st.lists(
        shapes(roots=roots),
        min_size=1,
        max_size=max_size,
        unique_by=lambda shape: (shape.root, shape.revision),
    ).map(lambda found: [replace(shape).admitted() for shape in found])
