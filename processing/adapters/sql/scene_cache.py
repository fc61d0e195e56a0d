"""The reports of the days that were fused last, kept in memory by the one writer.

Reports of a day come in over weeks, so that nearly every batch looks at scenes that the one before
it looked at. What is kept here is what the database holds: it is filled from it, follows each
write, and is forgotten as `IncidentCache` is. Days are kept whole: a batch asks for thousands of
cells, nearly all of them empty, on a few days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from processing.batch.rows import ReportRow, without_body

DayCell = tuple[int, int]

# A kept row is some 800 bytes.
MOST_ROWS = 60_000


class SceneCache:
    """The current, fusible reports of some days, without their bodies. For one thread."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._days: dict[int, dict[int, dict[str, ReportRow]]] = {}
        self._where: dict[str, DayCell] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._days.clear()
        self._where.clear()

    def shrink(self) -> None:
        """Forget the days not looked at for longest, as far as there is too much."""
        while len(self._where) > self._most_rows:
            for rows in self._days.pop(next(iter(self._days))).values():
                for report_id in rows:
                    del self._where[report_id]

    def missing(self, cells: Iterable[DayCell]) -> list[int]:
        """Return the days that must be read first, in order; the others are looked at now."""
        days = sorted({day for day, _ in cells})
        for day in days:
            if day in self._days:
                self._days[day] = self._days.pop(day)
        return [day for day in days if day not in self._days]

    def fill(self, days: Iterable[int], rows: Iterable[ReportRow]) -> None:
        """Take in all rows of some days."""
        for day in days:
            self._days[day] = {}
        for row in rows:
            self._keep(row)

    def select(self, cells: Collection[DayCell]) -> list[ReportRow]:
        """Return the rows of some cells of days that are kept."""
        days = self._days
        found: list[ReportRow] = []
        for day, cell in cells:
            rows = days[day].get(cell)
            if rows:
                found += rows.values()
        return found

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
                day, cell = where
                del self._days[day][cell][report_id]

    def _keep(self, row: ReportRow) -> None:
        self._days[row.day].setdefault(row.cell4, {})[row.report_id] = row
        self._where[row.report_id] = row.day, row.cell4
