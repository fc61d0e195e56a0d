"""Alerts, their ledger and deliveries in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from api.queries import alerts as queries
from api.queries.alerts import AlertFilter
from schemas.access import Principal
from schemas.alert import Alert, Transition
from schemas.codec import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """One page, and the (day, number) after which the next one starts; None at the end."""

    alerts: list[Alert]
    next_before: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How telling one endpoint of one transition stands."""

    endpoint_id: str
    alert_id: str
    seq: int
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


def page_of_alerts(
    connection: Connection,
    principal: Principal,
    wanted: AlertFilter,
    *,
    before: tuple[int, int] | None,
    limit: int,
) -> AlertPage:
    """Return up to `limit` alerts."""
    statement = queries.page(principal, wanted, before=before, limit=limit + 1)
    rows = connection.execute(statement).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return AlertPage(
        alerts=[decode(Alert, row.body) for row in rows[:limit]],
        next_before=None if last is None else (last.day, last.number),
    )


def find_alert(connection: Connection, principal: Principal, alert_id: str) -> Alert | None:
    """Return one alert; None when it is missing or hidden."""
    body = connection.execute(queries.one(principal, alert_id)).scalar_one_or_none()
    return None if body is None else decode(Alert, body)


def ledger_of(connection: Connection, principal: Principal, alert_id: str) -> list[Transition]:
    """Return what happened to an alert, first step first."""
    bodies = connection.execute(queries.ledger(principal, alert_id)).scalars()
    return [decode(Transition, body) for body in bodies]


def told_of(connection: Connection, principal: Principal, alert_id: str) -> list[Told]:
    """Return who was told of an alert."""
    return [_told(row) for row in connection.execute(queries.told(principal, alert_id))]


def recent_deliveries(
    connection: Connection,
    principal: Principal,
    *,
    endpoint_id: str | None,
    states: tuple[str, ...],
    limit: int,
) -> list[Told]:
    """Return the newest deliveries that the caller may see."""
    statement = queries.recent_deliveries(
        principal, endpoint_id=endpoint_id, states=states, limit=limit
    )
    return [_told(row) for row in connection.execute(statement)]


def _told(row: Row[Any]) -> Told:
    return Told(
        endpoint_id=row.endpoint_id,
        alert_id=row.alert_id,
        seq=row.seq,
        state=row.state,
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
