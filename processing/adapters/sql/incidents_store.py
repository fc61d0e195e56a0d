"""Incidents and redirects in SQLite (`processing.batch.stores.IncidentStore`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from processing.adapters.sql.statements import Sql, columns, insert, listed
from processing.batch.rows import IncidentRow, RedirectRow
from processing.rules.window import IncidentWindow
from schemas.tables import incidents, redirects

_ALL = columns(incidents, prefix="i.")

_OF_IDS = f"""
SELECT {_ALL} FROM json_each(?) AS j CROSS JOIN incidents AS i ON i.incident_id = j.value
"""  # noqa: S608 - names of ours
_OF_WINDOW = f"""
SELECT {_ALL} FROM json_each(?1) AS j
CROSS JOIN incidents AS i ON i.cell4 = j.value AND i.day BETWEEN ?2 AND ?3
WHERE NOT i.retracted AND NOT i.exercise
    AND (?4 IS NULL OR i.event_class IN (SELECT value FROM json_each(?4)))
    AND (?5 IS NULL OR i.actor_key IN (SELECT value FROM json_each(?5)))
"""  # noqa: S608 - names of ours
_LAST_REVISIONS = """
SELECT h.entity_id, max(h.revision)
FROM json_each(?) AS j
CROSS JOIN redirects AS d ON d.old_id = j.value
JOIN history AS h ON h.entity = 'incident' AND h.entity_id = d.old_id
WHERE d.entity = 'incident'
GROUP BY h.entity_id
"""
_WRITE = insert(incidents, verb="INSERT OR REPLACE")
_COME_BACK = "DELETE FROM redirects WHERE old_id = ?"
_POINT_ON = insert(redirects, verb="INSERT OR REPLACE")
_REMOVE = "DELETE FROM incidents WHERE incident_id = ?"


class SqlIncidents:
    """The incidents of one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def of_ids(self, incident_ids: Collection[str]) -> list[IncidentRow]:
        """Return some incidents, retracted ones too."""
        if not incident_ids:
            return []
        return [IncidentRow._make(row) for row in self._sql.rows(_OF_IDS, listed(incident_ids))]

    def of_windows(self, windows: Sequence[IncidentWindow]) -> list[IncidentRow]:
        """Return the live incidents in any of some windows, in order of (day, incident_id)."""
        found: dict[str, IncidentRow] = {}
        for window in windows:
            rows = self._sql.rows(
                _OF_WINDOW,
                listed(sorted(window.cells4)),
                window.day_from,
                window.day_to,
                _only(window.event_classes),
                _only(window.actor_keys),
            )
            found.update((row[0], IncidentRow._make(row)) for row in rows)
        return sorted(found.values(), key=lambda row: (row.day, row.incident_id))

    def last_revisions(self, incident_ids: Collection[str]) -> dict[str, int]:
        """Return the last revision of ids that were given up before."""
        if not incident_ids:
            return {}
        return dict(tuple(row) for row in self._sql.rows(_LAST_REVISIONS, listed(incident_ids)))

    def write(self, rows: Sequence[IncidentRow]) -> None:
        """Insert or replace incidents."""
        self._sql.many(_WRITE, rows)

    def come_back(self, incident_ids: Collection[str]) -> None:
        """Let ids that pointed on stand for themselves again."""
        self._sql.many(_COME_BACK, [(incident_id,) for incident_id in incident_ids])

    def give_up(self, rows: Sequence[RedirectRow]) -> None:
        """Remove incidents and point their ids on."""
        self._sql.many(_REMOVE, [(row.old_id,) for row in rows])
        self._sql.many(_POINT_ON, rows)


def _only(values: frozenset[str]) -> str | None:
    return listed(sorted(values)) if values else None
