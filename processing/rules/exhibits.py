"""Incidents as the evidence of flags: decoded once each, and what follows from several of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from processing.rules.window import IncidentColumns
from schemas.incident import Incident

EvidenceRow = tuple[str, tuple[tuple[str, int], ...]]

# Tags and classes that raise a flag's priority: children, and conflict-related sexual violence.
_TAGS = ("MRM_SEXUAL_VIOLENCE", "MRM_RECRUIT_USE", "CRSV")
_CLASSES = frozenset({"CHILD", "CRSV"})


class Exhibits:
    """The incidents of a window, decoded only where they become evidence."""

    def __init__(self, incidents: IncidentColumns) -> None:
        self.columns = incidents
        self._decoded: dict[int, Incident] = {}

    def incident(self, row: int) -> Incident:
        """Return one incident whole."""
        if row not in self._decoded:
            self._decoded[row] = self.columns.incident(row)
        return self._decoded[row]

    def evidence(self, rows: Iterable[int]) -> tuple[EvidenceRow, ...]:
        """Return incident ids with their reports, sorted."""
        found = {self.columns.incident_id[row]: row for row in rows}
        return tuple(
            (incident_id, tuple(sorted(self.incident(found[incident_id]).members)))
            for incident_id in sorted(found)
        )

    def is_unverified(self, rows: Iterable[int], below_milli: int) -> bool:
        """Say whether no piece of evidence reaches the gate. It is then still raised."""
        return all(self.incident(row).weight_milli < below_milli for row in rows)

    def concerns_children_or_crsv(self, rows: Iterable[int]) -> bool:
        """Say whether children or sexual violence are among the evidence."""
        return any(_is_grave(self.incident(row)) for row in rows)

    def is_illustrative(self, rows: Iterable[int]) -> bool:
        """Say whether made-up reports are among the evidence."""
        return any(self.incident(row).illustrative for row in rows)

    def level(self, rows: Sequence[int]) -> int:
        """Return the highest sensitivity level of the evidence."""
        return int(self.columns.level[list(rows)].max())

    def latest_us(self, rows: Sequence[int]) -> int:
        """Return the latest start among the evidence."""
        return int(self.columns.occurred_us[list(rows)].max())

    def lead(self, rows: Iterable[int]) -> int:
        """Return the row that speaks for several: best placed, then the smallest id."""
        columns = self.columns
        return min(rows, key=lambda row: (_rank(columns, row), columns.incident_id[row]))


def _rank(columns: IncidentColumns, row: int) -> float:
    radius_m = float(columns.radius_m[row])
    return radius_m if radius_m == radius_m else float("inf")  # noqa: PLR0124 - NaN sorts last


def _is_grave(incident: Incident) -> bool:
    if incident.victims.children or incident.event_class in _CLASSES:
        return True
    return any(tag.startswith(_TAGS) for tag in incident.violations)
