"""The reports of the days and cells that were fused last, kept in memory by the one writer.

Reports of a day come in over weeks, so that nearly every batch looks at scenes that the one before
it looked at. What is kept here is what the database holds: it is filled from it, follows each
write, and is forgotten as `IncidentCache` is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from processing.batch.rows import ReportRow, without_body

DayCell = tuple[int, int]

# A kept row is some 800 bytes.
MOST_ROWS = 60_000


class SceneCache:
    """The current, fusible reports of some (day, cell4), without their bodies. For one thread."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._cells: dict[DayCell, dict[str, ReportRow]] = {}
        self._where: dict[str, DayCell] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._cells.clear()
        self._where.clear()

    def shrink(self) -> None:
        """Forget the cells not looked at for longest, as far as there is too much."""
        while len(self._where) > self._most_rows:
            rows = self._cells.pop(next(iter(self._cells)))
            for report_id in rows:
                del self._where[report_id]

    def missing(self, cells: Iterable[DayCell]) -> list[DayCell]:
        """Return the cells that must be read first, in order."""
        # Sorted, so that neighbouring index pages are read one after another.
        return sorted(cell for cell in cells if cell not in self._cells)

    def fill(self, cells: Iterable[DayCell], rows: Iterable[ReportRow]) -> None:
        """Take in all rows of some cells."""
        for cell in cells:
            self._cells[cell] = {}
        for row in rows:
            self._keep(row, (row.day, row.cell4))

    def select(self, cells: Collection[DayCell]) -> list[ReportRow]:
        """Return the rows of some cells, which are marked as looked at."""
        found: list[ReportRow] = []
        for cell in cells:
            rows = self._cells[cell] = self._cells.pop(cell)
            found += rows.values()
        return found

    def put(self, rows: Iterable[ReportRow]) -> None:
        """Follow a write of rows."""
        for row in rows:
            cell = row.day, row.cell4
            if row.current and row.fusible and cell in self._cells:
                self._keep(without_body(row), cell)

    def drop(self, report_ids: Iterable[str]) -> None:
        """Follow the removal of reports, or that they count no more."""
        for report_id in report_ids:
            cell = self._where.pop(report_id, None)
            if cell is not None:
                del self._cells[cell][report_id]

    def _keep(self, row: ReportRow, cell: DayCell) -> None:
        self._cells[cell][row.report_id] = row
        self._where[row.report_id] = cell
