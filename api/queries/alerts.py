"""Alerts, their ledger and who was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from api.access import visible_to
from api.params import Interval
from api.queries.paging import in_box
from schemas.access import Principal
from schemas.flag import FlagState
from schemas.geometry import BoundingBox
from schemas.tables import alert_transitions, alerts, deliveries, endpoints, flags

_TOLD = (
    deliveries.c.endpoint_id,
    deliveries.c.alert_id,
    deliveries.c.seq,
    deliveries.c.state,
    deliveries.c.attempts,
    deliveries.c.last_status,
    deliveries.c.last_error,
    deliveries.c.created_at,
    deliveries.c.delivered_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are asked for. The interval is rounded out to mission-local days."""

    states: tuple[str, ...] = ()
    min_priority: int = 1
    kinds: tuple[str, ...] = ()
    box: BoundingBox | None = None
    interval: Interval | None = None


def page(
    principal: Principal, wanted: AlertFilter, *, before: tuple[int, int] | None, limit: int
) -> Select[Any]:
    """List alerts, newest day first and the last number of a day first."""
    statement = (
        select(alerts.c.day, alerts.c.number, alerts.c.body)
        .where(visible_to(principal, alerts), *_wanted(principal, wanted))
        .order_by(alerts.c.day.desc(), alerts.c.number.desc())
        .limit(limit)
    )
    if before is None:
        return statement
    day, number = before
    return statement.where(
        or_(alerts.c.day < day, and_(alerts.c.day == day, alerts.c.number < number))
    )


def one(principal: Principal, alert_id: str) -> Select[Any]:
    """Find one alert."""
    return select(alerts.c.body).where(alerts.c.alert_id == alert_id, visible_to(principal, alerts))


def ledger(principal: Principal, alert_id: str) -> Select[Any]:
    """List the transitions of an alert, first one first."""
    return (
        select(alert_transitions.c.body)
        .join(alerts, alerts.c.alert_id == alert_transitions.c.alert_id)
        .where(alert_transitions.c.alert_id == alert_id, visible_to(principal, alerts))
        .order_by(alert_transitions.c.seq)
    )


def told(principal: Principal, alert_id: str) -> Select[Any]:
    """List the deliveries of an alert, by endpoint and in order.

    Naming the endpoints lets the primary key answer, which begins with them.
    """
    known = select(endpoints.c.endpoint_id)
    return (
        select(*_TOLD)
        .where(
            deliveries.c.endpoint_id.in_(known),
            deliveries.c.alert_id == alert_id,
            visible_to(principal, deliveries),
        )
        .order_by(deliveries.c.endpoint_id, deliveries.c.seq)
    )


def recent_deliveries(
    principal: Principal, *, endpoint_id: str | None, states: tuple[str, ...], limit: int
) -> Select[Any]:
    """List the newest deliveries."""
    statement = (
        select(*_TOLD)
        .where(visible_to(principal, deliveries))
        .order_by(
            deliveries.c.created_at.desc(),
            deliveries.c.alert_id,
            deliveries.c.seq.desc(),
            deliveries.c.endpoint_id,
        )
        .limit(limit)
    )
    if endpoint_id is not None:
        statement = statement.where(deliveries.c.endpoint_id == endpoint_id)
    return statement.where(deliveries.c.state.in_(states)) if states else statement


def _wanted(principal: Principal, wanted: AlertFilter) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [alerts.c.priority >= wanted.min_priority]
    if wanted.states:
        clauses.append(alerts.c.state.in_(wanted.states))
    if wanted.kinds:
        clauses.append(alerts.c.alert_id.in_(_with_kinds(principal, wanted.kinds)))
    if wanted.box is not None:
        clauses.append(in_box(alerts, wanted.box))
    if wanted.interval is not None and wanted.interval.first_day is not None:
        clauses.append(alerts.c.day >= wanted.interval.first_day)
    if wanted.interval is not None and wanted.interval.last_day is not None:
        clauses.append(alerts.c.day <= wanted.interval.last_day)
    return clauses


def _with_kinds(principal: Principal, kinds: tuple[str, ...]) -> Select[Any]:
    return select(flags.c.alert_id).where(
        flags.c.rule_id.in_(kinds),
        flags.c.alert_id.is_not(None),
        flags.c.state == FlagState.RAISED.value,
        visible_to(principal, flags),
    )
