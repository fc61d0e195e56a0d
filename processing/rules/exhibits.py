"""Incidents as the evidence of flags: read once each, and what follows from several of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from processing.rules.exhibit import EvidenceRow, Exhibit
from processing.rules.window import IncidentColumns


class Exhibits:
    """The incidents of a window, looked into only where they become evidence."""

    def __init__(self, incidents: IncidentColumns) -> None:
        self.columns = incidents
        self._read: dict[int, Exhibit] = {}

    def of(self, row: int) -> Exhibit:
        """Return what one incident is as evidence."""
        return self.of_all((row,))[0]

    def of_all(self, rows: Collection[int]) -> list[Exhibit]:
        """Return what some incidents are as evidence, in order."""
        read = self._read
        missing = [row for row in rows if row not in read]
        if missing:
            read.update(zip(missing, self.columns.exhibits(missing), strict=True))
        return [read[row] for row in rows]

    # As lists: the few rows of a flag are faster to look up there than in an array.
    @cached_property
    def _levels(self) -> list[int]:
        levels: list[int] = self.columns.level.tolist()
        return levels

    @cached_property
    def _starts_us(self) -> list[int]:
        starts_us: list[int] = self.columns.occurred_us.tolist()
        return starts_us

    def level(self, rows: Iterable[int]) -> int:
        """Return the highest sensitivity level of the evidence."""
        return max([self._levels[row] for row in rows])

    def latest_us(self, rows: Iterable[int]) -> int:
        """Return the latest start among the evidence."""
        return max([self._starts_us[row] for row in rows])

    def lead(self, rows: Iterable[int]) -> int:
        """Return the row that speaks for several: best placed, then the smallest id."""
        columns = self.columns
        return min(rows, key=lambda row: (_rank(columns, row), columns.incident_id[row]))


def evidence(exhibits: Iterable[Exhibit]) -> tuple[EvidenceRow, ...]:
    """Return incident ids with their reports, sorted."""
    return tuple(sorted(one.evidence for one in exhibits))


def is_unverified(exhibits: Iterable[Exhibit], below_milli: int) -> bool:
    """Say whether no piece of evidence reaches the gate. It is then still raised."""
    return all(one.weight_milli < below_milli for one in exhibits)


def _rank(columns: IncidentColumns, row: int) -> float:
    radius_m = float(columns.radius_m[row])
    return radius_m if radius_m == radius_m else float("inf")  # noqa: PLR0124 - NaN sorts last
