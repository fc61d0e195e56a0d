"""Incidents and redirects in SQLite (`processing.batch.stores.IncidentStore`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import overload

import numpy as np
from typing_extensions import override

from processing.adapters.sql.incident_cache import IncidentCache, LiveRow
from processing.adapters.sql.spans import joined
from processing.adapters.sql.statements import Sql, columns, listed, replace, statement
from processing.batch.rows import IncidentRow, RedirectRow
from processing.rules.window import IncidentColumns, IncidentWindow
from schemas.tables import incidents, redirects

_ALL = columns(incidents, prefix="i.")

_OF_IDS = statement(f"""
SELECT {_ALL} FROM :each(?) incidents AS i ON i.incident_id = :item
""")
_LIVE = ", ".join(f"i.{name}" for name in LiveRow._fields)
# Bodies are read one by one, for the few incidents that become evidence.
_OF_SPANS = statement(f"""
SELECT {_LIVE} FROM :each(?1) incidents AS i
    ON i.cell4 = :number0 AND i.day BETWEEN :number1 AND :number2
WHERE NOT i.retracted AND NOT i.exercise
    AND (CAST(?2 AS TEXT) IS NULL OR i.event_class IN (:values(?2))
        OR (?5 > 0 AND i.severity >= ?5))
    AND (CAST(?3 AS TEXT) IS NULL OR i.actor_key IN (:values(?3)))
    AND (?4 = 0 OR i.actor_key <> '')
""")
_OF_CELLS = statement(f"""
SELECT i.cell4, {_LIVE} FROM :each(?) incidents AS i
    ON i.cell4 = :number0 AND i.day >= :number1
WHERE NOT i.retracted AND NOT i.exercise
""")
_BODY = statement("SELECT body FROM incidents WHERE incident_id = ?")
_LAST_REVISIONS = statement("""
SELECT h.entity_id, max(h.revision)
FROM :each(?) redirects AS d ON d.old_id = :item
JOIN history AS h ON h.entity = 'incident' AND h.entity_id = d.old_id
WHERE d.entity = 'incident'
GROUP BY h.entity_id
""")
_WRITE = replace(incidents)
_COME_BACK = statement("DELETE FROM redirects WHERE old_id = ?")
_POINT_ON = replace(redirects)
_REMOVE = statement("DELETE FROM incidents WHERE incident_id = ?")


class SqlIncidents:
    """The incidents of one transaction."""

    def __init__(self, sql: Sql, cache: IncidentCache | None = None) -> None:
        self._sql = sql
        self._cache = cache

    def of_ids(self, incident_ids: Collection[str]) -> list[IncidentRow]:
        """Return some incidents, retracted ones too."""
        if not incident_ids:
            return []
        return [IncidentRow._make(row) for row in self._sql.rows(_OF_IDS, listed(incident_ids))]

    def of_windows(self, windows: Sequence[IncidentWindow]) -> IncidentColumns:
        """Return the live incidents in any of some windows, in order of (day, incident_id)."""
        if self._cache is None or not windows:
            return self._columns(self._read(windows))
        missing = self._cache.missing(windows)
        if missing:
            rows = self._sql.rows(_OF_CELLS, listed(missing))
            self._cache.fill(missing, [(row[0], LiveRow._make(row[1:])) for row in rows])
        return self._cache.columns(self._cache.select(windows), lambda ids: _Bodies(self._sql, ids))

    def _read(self, windows: Iterable[IncidentWindow]) -> list[LiveRow]:
        alike: dict[tuple[str | None, str | None, int, int], list[IncidentWindow]] = {}
        for one in windows:
            classes, actors = _only(one.event_classes), _only(one.actor_keys)
            only = (classes, actors, int(one.named_only), one.or_severity)
            alike.setdefault(only, []).append(one)
        found: set[LiveRow] = set()
        for only, asked in alike.items():
            rows = self._sql.rows(_OF_SPANS, listed(_spans(asked)), *only)
            found |= {LiveRow._make(row) for row in rows}
        return sorted(found)

    def _columns(self, rows: Sequence[LiveRow]) -> IncidentColumns:
        read = LiveRow._make(zip(*rows, strict=True) if rows else [()] * len(LiveRow._fields))
        return IncidentColumns(
            day=np.array(read.day, dtype=np.int64),
            incident_id=read.incident_id,
            occurred_us=np.array(read.occurred_start, dtype=np.int64),
            event_type=read.event_type,
            event_class=read.event_class,
            actor_class=read.actor_class,
            actor_key=read.actor_key,
            severity=np.array(read.severity, dtype=np.int64),
            # None becomes NaN.
            lon=np.array(read.lon, dtype=np.float64),
            lat=np.array(read.lat, dtype=np.float64),
            radius_m=np.array(read.radius_m, dtype=np.float64),
            adm1=[code or "" for code in read.adm1 or ()],
            adm2=[code or "" for code in read.adm2 or ()],
            level=np.array(read.level, dtype=np.int64),
            body=_Bodies(self._sql, read.incident_id),
        )

    def last_revisions(self, incident_ids: Collection[str]) -> dict[str, int]:
        """Return the last revision of ids that were given up before."""
        if not incident_ids:
            return {}
        return dict(tuple(row) for row in self._sql.rows(_LAST_REVISIONS, listed(incident_ids)))

    def write(self, rows: Sequence[IncidentRow]) -> None:
        """Insert or replace incidents."""
        self._sql.many(_WRITE, rows)
        if self._cache is not None:
            self._cache.put(rows)

    def come_back(self, incident_ids: Collection[str]) -> None:
        """Let ids that pointed on stand for themselves again."""
        self._sql.many(_COME_BACK, [(incident_id,) for incident_id in incident_ids])

    def give_up(self, rows: Sequence[RedirectRow]) -> None:
        """Remove incidents and point their ids on."""
        self._sql.many(_REMOVE, [(row.old_id,) for row in rows])
        self._sql.many(_POINT_ON, rows)
        if self._cache is not None:
            self._cache.drop(row.old_id for row in rows)


class _Bodies(Sequence[bytes]):
    """The bodies of some incidents, each read when it is looked at."""

    def __init__(self, sql: Sql, incident_ids: Sequence[str]) -> None:
        self._sql = sql
        self._incident_ids = incident_ids

    @override
    def __len__(self) -> int:
        return len(self._incident_ids)

    @overload
    def __getitem__(self, row: int) -> bytes: ...

    @overload
    def __getitem__(self, row: slice) -> list[bytes]: ...

    @override
    def __getitem__(self, row: int | slice) -> bytes | list[bytes]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        body: bytes = self._sql.rows(_BODY, self._incident_ids[row])[0][0]
        return body


def _spans(windows: Iterable[IncidentWindow]) -> list[tuple[int, int, int]]:
    return joined((cell, w.day_from, w.day_to) for w in windows for cell in w.cells4)


def _only(values: frozenset[str]) -> str | None:
    return listed(sorted(values)) if values else None
