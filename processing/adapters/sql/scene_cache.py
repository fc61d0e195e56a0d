"""The reports of the days that were fused last, kept in memory by the one writer.

Reports of a day come in over weeks, so that nearly every batch looks at days that the one before
it looked at. What is kept here is what the database holds: it is filled from it, follows each
write, and is forgotten as `IncidentCache` is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from processing.batch.day_scene import DayScene
from processing.batch.rows import ReportRow, without_body

# A kept row is some 1.2 kB.
MOST_ROWS = 60_000


class SceneCache:
    """The current, fusible reports of some days, without their bodies. For one thread."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._days: dict[int, DayScene] = {}
        self._where: dict[str, tuple[int, str]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._days.clear()
        self._where.clear()

    def shrink(self) -> None:
        """Forget the days not looked at for longest, as far as there is too much."""
        while len(self._where) > self._most_rows:
            for row in self._days.pop(next(iter(self._days))).rows().values():
                del self._where[row.report_id]

    def missing(self, days: Iterable[int]) -> list[int]:
        """Return the days that must be read first; the others are looked at now."""
        asked = list(days)
        for day in asked:
            if day in self._days:
                self._days[day] = self._days.pop(day)
        return [day for day in asked if day not in self._days]

    def fill(self, days: Iterable[int], rows: Iterable[ReportRow]) -> None:
        """Take in all rows of some days."""
        for day in days:
            self._days[day] = DayScene()
        for row in rows:
            self._keep(row)

    def select(self, days: Collection[int]) -> dict[int, DayScene]:
        """Return days that are kept."""
        return {day: self._days[day] for day in days}

    def put(self, rows: Iterable[ReportRow]) -> None:
        """Follow a write of rows."""
        for row in rows:
            if row.current and row.fusible and row.day in self._days:
                self._keep(without_body(row))

    def drop(self, report_ids: Iterable[str]) -> None:
        """Follow the removal of reports, or that they count no more."""
        for report_id in report_ids:
            where = self._where.pop(report_id, None)
            if where is not None:
                day, root_id = where
                self._days[day].drop(root_id)

    def _keep(self, row: ReportRow) -> None:
        self._days[row.day].put(row)
        self._where[row.report_id] = row.day, row.root_id
