"""Incidents and the reports behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from api.access import visible_to
from api.params import Interval
from api.queries.paging import first_id_of, in_box
from schemas.access import Principal
from schemas.geometry import BoundingBox
from schemas.incident import Incident
from schemas.tables import incidents, redirects, reports

_SEEN = (
    incidents.c.incident_id,
    incidents.c.revision,
    incidents.c.level,
    incidents.c.updated_at,
    incidents.c.body,
    incidents.c.views,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents are asked for."""

    box: BoundingBox | None = None
    interval: Interval | None = None
    event_classes: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    min_severity: int = 1

    def admits(self, incident: Incident) -> bool:
        """Say whether an incident, as the caller sees it, is asked for."""
        return (
            not incident.retracted
            and incident.severity >= self.min_severity
            and (not self.event_classes or incident.event_class in self.event_classes)
            and (not self.event_types or incident.event_type in self.event_types)
            and self._admits_time_and_place(incident)
        )

    def _admits_time_and_place(self, incident: Incident) -> bool:
        if self.interval is not None and not self.interval.contains(incident.occurred_start):
            return False
        if self.box is None:
            return True
        if incident.lon is None or incident.lat is None:
            return False
        return self.box.contains(incident.lon, incident.lat)


def page(
    principal: Principal, wanted: IncidentFilter, *, before: str | None, limit: int
) -> Select[Any]:
    """List incidents, newest day first, by id within a day.

    The columns hold the incident at its highest level. Where a caller sees a lower view, only its
    id and day may decide here, since the columns would tell what the view hides; the caller's
    view is then checked with `IncidentFilter.admits`.
    """
    sees_all = incidents.c.level <= int(principal.level)
    statement = (
        select(*_SEEN)
        .where(visible_to(principal, incidents))
        .where(*_days(wanted.interval))
        .where(or_(and_(sees_all, *_columns(wanted)), ~sees_all))
        .order_by(incidents.c.incident_id.desc())
        .limit(limit)
    )
    return statement if before is None else statement.where(incidents.c.incident_id < before)


def one(principal: Principal, incident_id: str) -> Select[Any]:
    """Find one incident."""
    return select(*_SEEN).where(
        incidents.c.incident_id == incident_id, visible_to(principal, incidents)
    )


def several(principal: Principal, ids: Sequence[str]) -> Select[Any]:
    """Find incidents by id, newest day first."""
    return (
        select(*_SEEN)
        .where(incidents.c.incident_id.in_(ids), visible_to(principal, incidents))
        .order_by(incidents.c.incident_id.desc())
    )


def members(principal: Principal, roots: Sequence[str]) -> Select[Any]:
    """List the current reports of some roots, smallest root first."""
    return (
        select(reports.c.report_id, reports.c.event_type, reports.c.body)
        .where(
            reports.c.root_id.in_(roots),
            reports.c.current.is_(True),
            visible_to(principal, reports),
        )
        .order_by(reports.c.root_id)
    )


def moved_to(entity: str, old_id: str) -> Select[Any]:
    """Find the id that an old one points on to."""
    return select(redirects.c.new_id).where(
        redirects.c.old_id == old_id, redirects.c.entity == entity
    )


def _days(interval: Interval | None) -> list[ColumnElement[bool]]:
    """Bound the ids: they begin with the day, so the primary key is the index on time."""
    clauses: list[ColumnElement[bool]] = []
    if interval is None:
        return clauses
    if interval.first_day is not None:
        clauses.append(incidents.c.incident_id >= first_id_of(interval.first_day))
    if interval.last_day is not None:
        clauses.append(incidents.c.incident_id < first_id_of(interval.last_day + 1))
    return clauses


def _columns(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [
        incidents.c.retracted.is_(False),
        incidents.c.severity >= wanted.min_severity,
    ]
    if wanted.event_classes:
        clauses.append(incidents.c.event_class.in_(wanted.event_classes))
    if wanted.event_types:
        clauses.append(incidents.c.event_type.in_(wanted.event_types))
    if wanted.box is not None:
        clauses.append(in_box(incidents, wanted.box))
    if wanted.interval is not None:
        clauses.extend(_times(wanted.interval))
    return clauses


def _times(interval: Interval) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if interval.start is not None:
        clauses.append(incidents.c.occurred_start >= interval.start)
    if interval.end is not None:
        clauses.append(incidents.c.occurred_start <= interval.end)
    return clauses
