"""Incidents in the database, each as the caller may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from api.access import is_in_areas
from api.queries import incidents as queries
from api.queries.incidents import IncidentFilter
from schemas.access import Principal
from schemas.codec import decode
from schemas.incident import Incident
from schemas.report import AdmittedReport

# An id that was merged into another that was merged … ends somewhere; a ring would not.
_MAX_HOPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIncident:
    """An incident at the caller's level, not yet decoded: most are only passed on.

    What `key` names never changes: (id, revision, time of the last change, level of the view).
    """

    key: tuple[str, int, datetime, int]
    body: bytes

    def incident(self) -> Incident:
        """Decode it."""
        return decode(Incident, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """One page, and the id after which the next one starts; None at the end."""

    incidents: list[StoredIncident]
    next_before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReport:
    """One report of an incident, as the caller may see it."""

    report_id: str
    event_type: str
    admitted: AdmittedReport


def page_of_incidents(
    connection: Connection,
    principal: Principal,
    wanted: IncidentFilter,
    *,
    before: str | None,
    limit: int,
) -> IncidentPage:
    """Return up to `limit` incidents; fewer than that does not mean the end."""
    statement = queries.page(principal, wanted, before=before, limit=limit + 1)
    rows = connection.execute(statement).all()
    seen = (_admitted(row, principal, wanted) for row in rows[:limit])
    return IncidentPage(
        incidents=[each for each in seen if each is not None],
        next_before=rows[limit - 1].incident_id if len(rows) > limit else None,
    )


def find_incident(
    connection: Connection, principal: Principal, incident_id: str
) -> Incident | None:
    """Return one incident; None when it is missing or hidden."""
    row = connection.execute(queries.one(principal, incident_id)).one_or_none()
    return None if row is None else _as_seen(row, principal)


def find_incidents(
    connection: Connection, principal: Principal, ids: Sequence[str]
) -> list[Incident]:
    """Return those of some incidents that the caller may see."""
    rows = connection.execute(queries.several(principal, ids)).all()
    seen = (_as_seen(row, principal) for row in rows)
    return [each for each in seen if each is not None]


def find_moved_incident(connection: Connection, principal: Principal, old_id: str) -> str | None:
    """Return the id that an old one now has; None when that is missing or hidden."""
    current = old_id
    for _hop in range(_MAX_HOPS):
        row = connection.execute(queries.moved_to("incident", current)).one_or_none()
        if row is None or row.new_id is None:
            return None
        current = str(row.new_id)
        if find_incident(connection, principal, current) is not None:
            return current
    return None


def find_members(
    connection: Connection, principal: Principal, incident: Incident
) -> list[MemberReport]:
    """Return the current reports of an incident that the caller may see."""
    roots = [root_id for root_id, _revision in incident.members]
    rows = connection.execute(queries.members(principal, roots))
    return [
        MemberReport(
            report_id=row.report_id,
            event_type=row.event_type,
            admitted=decode(AdmittedReport, row.body),
        )
        for row in rows
    ]


def _admitted(row: Row[Any], principal: Principal, wanted: IncidentFilter) -> StoredIncident | None:
    """Return what the caller sees of a row, if that is asked for.

    The statement has decided by the columns, except about a lower view.
    """
    if row.level <= principal.level:
        return _whole(row)
    view = _lower_view(row, principal)
    return view if view is not None and wanted.admits(view.incident()) else None


def _as_seen(row: Row[Any], principal: Principal) -> Incident | None:
    seen = _whole(row) if row.level <= principal.level else _lower_view(row, principal)
    return None if seen is None else seen.incident()


def _whole(row: Row[Any]) -> StoredIncident:
    key = (row.incident_id, row.revision, row.updated_at, row.level)
    return StoredIncident(key=key, body=row.body)


def _lower_view(row: Row[Any], principal: Principal) -> StoredIncident | None:
    """Return the highest view at or below the caller's level, where the caller may see that."""
    views = orjson.loads(row.views)
    lower = [int(level) for level in views if int(level) <= principal.level]
    if not lower:
        return None
    level = max(lower)
    view = views[str(level)] | {"revision": row.revision}
    seen = StoredIncident(
        key=(row.incident_id, row.revision, row.updated_at, level), body=orjson.dumps(view)
    )
    return seen if is_in_areas(principal, seen.incident()) else None
