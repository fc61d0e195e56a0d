"""Reports and dead letters in SQLite (`processing.batch.stores.ReportStore`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from processing.adapters.sql.scene_cache import SceneCache
from processing.adapters.sql.statements import (
    Sql,
    columns,
    insert,
    insert_missing,
    listed,
    statement,
)
from processing.batch.day_scene import DayScene
from processing.batch.rows import DeadLetterRow, ReportRow
from schemas.tables import dead_letters, reports

_ALL = columns(reports, prefix="r.")
# What the reports of a day say is mostly known already: their bodies are fetched when missing.
_NARROW = ", ".join(
    ":nothing" if column.name == "body" else f'r."{column.name}"' for column in reports.columns
)

_OF_ROOTS = statement(f"""
SELECT {_ALL} FROM :each(?) reports AS r ON r.root_id = :item
""")
_OF_DAYS = statement(f"""
SELECT {_NARROW} FROM :each(?) reports AS r ON r.day = :number
WHERE r.current AND r.fusible
""")
_BODIES = statement("""
SELECT r.report_id, r.body FROM :each(?) reports AS r ON r.report_id = :item
""")
_REMOVE = statement("DELETE FROM reports WHERE report_id = ?")
_RETIRE = statement("UPDATE reports SET current = false, incident_id = NULL WHERE report_id = ?")
_JOIN = statement("UPDATE reports SET incident_id = ?, current = ? WHERE report_id = ?")
_ADD = insert(reports)
_SET_ASIDE = insert_missing(dead_letters)


class SqlReports:
    """The reports of one transaction."""

    def __init__(self, sql: Sql, cache: SceneCache | None = None) -> None:
        self._sql = sql
        self._cache = SceneCache() if cache is None else cache

    def of_roots(self, root_ids: Collection[str]) -> list[ReportRow]:
        """Return every stored revision of some roots."""
        return [ReportRow._make(row) for row in self._sql.rows(_OF_ROOTS, listed(root_ids))]

    def of_days(self, days: Collection[int]) -> dict[int, DayScene]:
        """Return the current, fusible reports of some days, without their bodies."""
        missing = self._cache.missing(days)
        if missing:
            rows = self._sql.rows(_OF_DAYS, listed(missing))
            self._cache.fill(missing, map(ReportRow._make, rows))
        return self._cache.select(days)

    def bodies(self, report_ids: Collection[str]) -> dict[str, bytes]:
        """Return the bodies of some reports by their id."""
        if not report_ids:
            return {}
        return dict(tuple(row) for row in self._sql.rows(_BODIES, listed(report_ids)))

    def remove(self, report_ids: Collection[str]) -> None:
        """Remove reports that lost a conflict."""
        self._sql.many(_REMOVE, [(report_id,) for report_id in report_ids])
        self._cache.drop(report_ids)

    def retire(self, report_ids: Collection[str]) -> None:
        """Mark reports as no longer current and in no incident."""
        self._sql.many(_RETIRE, [(report_id,) for report_id in report_ids])
        self._cache.drop(report_ids)

    def add(self, rows: Sequence[ReportRow]) -> None:
        """Insert new reports, in the order of their keys."""
        self._sql.many(_ADD, sorted(rows))
        self._cache.put(rows)

    def join(self, rows: Sequence[ReportRow]) -> None:
        """Store which incident reports are in now, and that they count."""
        self._sql.many(_JOIN, [(row.incident_id, row.current, row.report_id) for row in rows])
        self._cache.put(rows)

    def set_aside(self, rows: Sequence[DeadLetterRow]) -> None:
        """Keep records that could not be processed; one that is there already stays."""
        self._sql.many(_SET_ASIDE, rows)
