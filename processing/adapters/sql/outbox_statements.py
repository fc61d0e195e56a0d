"""The statements of the outbox, built once. Pure: run by `processing.adapters.sql.outbox`."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from processing.notify.due import Due, Result
from schemas.clock import to_micros
from schemas.delivery import DeliveryState
from schemas.tables import audit, changes, deliveries, delivery_attempts, endpoints

DueSelect = Select[Any]

MAX_ERROR_CHARS = 400

# A lease lasts less than this, so a later next attempt is a back-off and not somebody's lease.
LONGEST_LEASE_S = 60.0
# These receivers asked for time; that another delivery got through does not change it.
ASKED_FOR_TIME = (429, 503)

# As text, not as a parameter: only then does SQLite use the partial index on what is pending.
_PENDING: ColumnElement[str] = literal_column(f"'{DeliveryState.PENDING}'")

_this = deliveries
_older = deliveries.alias("older")
_has_older = (
    select(literal_column("1"))
    .where(
        _older.c.endpoint_id == _this.c.endpoint_id,
        _older.c.alert_id == _this.c.alert_id,
        _older.c.seq < _this.c.seq,
        _older.c.state == _PENDING,
    )
    .exists()
)
_is_due = (_this.c.state == _PENDING, _this.c.next_attempt_at <= bindparam("now_s"))
_ranked = (
    select(
        _this.c.endpoint_id,
        _this.c.alert_id,
        _this.c.seq,
        func.row_number()
        .over(
            partition_by=_this.c.endpoint_id,
            order_by=(_this.c.priority.desc(), _this.c.created_at.desc(), _this.c.alert_id),
        )
        .label("place"),
    )
    .where(*_is_due, ~_has_older)
    .subquery("ranked")
)
_first_at = (
    select(delivery_attempts.c.at)
    .where(
        delivery_attempts.c.endpoint_id == _this.c.endpoint_id,
        delivery_attempts.c.alert_id == _this.c.alert_id,
        delivery_attempts.c.seq == _this.c.seq,
        delivery_attempts.c.attempt == 1,
    )
    .correlate(_this)
    .scalar_subquery()
)
_this_key = (
    _this.c.endpoint_id == bindparam("b_endpoint_id"),
    _this.c.alert_id == bindparam("b_alert_id"),
    _this.c.seq == bindparam("b_seq"),
)

# By place first: the most urgent delivery of every endpoint comes before the second of any.
DUE: DueSelect = (
    select(
        _this.c.endpoint_id,
        _this.c.alert_id,
        _this.c.seq,
        _this.c.priority,
        _this.c.attempts,
        _this.c.payload,
        endpoints.c.body,
        endpoints.c.secret_sealed,
        endpoints.c.disabled_at,
        endpoints.c.disabled_reason,
        _first_at.label("first_at"),
    )
    .select_from(
        _ranked.join(
            _this,
            (_this.c.endpoint_id == _ranked.c.endpoint_id)
            & (_this.c.alert_id == _ranked.c.alert_id)
            & (_this.c.seq == _ranked.c.seq),
        ).outerjoin(endpoints, endpoints.c.endpoint_id == _this.c.endpoint_id)
    )
    .where(*_is_due, _ranked.c.place <= bindparam("rows_an_endpoint"))
    .order_by(
        _ranked.c.place,
        _this.c.priority.desc(),
        _this.c.created_at.desc(),
        _this.c.endpoint_id,
    )
    .limit(bindparam("rows"))
)

# Another notifier's rows are passed over; the conditions are checked again on the locked row.
DUE_LOCKED: DueSelect = DUE.with_for_update(of=_this, skip_locked=True)

LEASE = update(_this).where(*_this_key).values(next_attempt_at=bindparam("b_lease_end_s"))

NEXT_DUE = select(func.min(_this.c.next_attempt_at)).where(
    _this.c.state == _PENDING, _this.c.next_attempt_at > bindparam("now_s")
)

PENDING_COUNT = select(func.count()).where(_this.c.state == _PENDING)

MARK = (
    update(_this)
    .where(*_this_key, _this.c.state == _PENDING)
    .values(
        state=bindparam("b_state"),
        attempts=bindparam("b_attempts"),
        next_attempt_at=bindparam("b_next_attempt_s"),
        last_status=bindparam("b_status"),
        last_error=bindparam("b_error"),
        delivered_at=bindparam("b_delivered_at"),
    )
)

CHANGE = insert(changes).values(
    entity="delivery",
    entity_id=bindparam("b_alert_id"),
    revision=bindparam("b_seq"),
    at=bindparam("b_at"),
)

BRING_FORWARD = (
    update(_this)
    .where(
        _this.c.state == _PENDING,
        _this.c.next_attempt_at > bindparam("b_after_s"),
        _this.c.endpoint_id == bindparam("b_endpoint_id"),
        or_(
            _this.c.last_status.is_(None),
            and_(*(_this.c.last_status != status for status in ASKED_FOR_TIME)),
        ),
    )
    .values(next_attempt_at=bindparam("b_now_s"))
)

DISABLE = (
    update(endpoints)
    .where(endpoints.c.endpoint_id == bindparam("b_endpoint_id"), endpoints.c.disabled_at.is_(None))
    .values(disabled_at=bindparam("b_at"), disabled_reason=bindparam("b_reason"))
)

FAIL_ALL = (
    update(_this)
    .where(_this.c.state == _PENDING, _this.c.endpoint_id == bindparam("b_endpoint_id"))
    .values(state=DeliveryState.FAILED.value, last_error=bindparam("b_reason"))
)

AUDIT = insert(audit).values(
    at=bindparam("b_at"),
    who="notify",
    what="endpoint.disabled",
    subject=bindparam("b_endpoint_id"),
    detail=bindparam("b_reason"),
)


@cache
def attempt_insert(dialect: str) -> Insert:
    """Return the insert of attempts, which an attempt that is there already doesn't break."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return (
        make(delivery_attempts)
        .values(
            endpoint_id=bindparam("b_endpoint_id"),
            alert_id=bindparam("b_alert_id"),
            seq=bindparam("b_seq"),
            attempt=bindparam("b_attempt"),
            at=bindparam("b_at"),
            status=bindparam("b_status"),
            error=bindparam("b_error"),
            took_ms=bindparam("b_took_ms"),
        )
        .on_conflict_do_nothing()
    )


def mark_row(result: Result, at: datetime) -> dict[str, Any]:
    """Return the values of MARK; `at` is the mission's time, which people see."""
    is_delivered = result.verdict.state is DeliveryState.DELIVERED
    return {
        **_key(result.due),
        "b_state": result.verdict.state.value,
        "b_attempts": result.due.attempts + result.was_sent,
        "b_next_attempt_s": result.verdict.next_attempt_s,
        "b_status": result.answer.status,
        "b_error": _short(result.verdict.reason),
        "b_delivered_at": to_micros(at) if is_delivered else None,
    }


def attempt_row(result: Result) -> dict[str, Any]:
    """Return one attempt as a row; its time is the system clock's."""
    return {
        **_key(result.due),
        "b_attempt": result.due.attempts + 1,
        "b_at": to_micros(result.at),
        "b_status": result.answer.status,
        "b_error": _short(result.answer.error),
        "b_took_ms": result.took_ms,
    }


def change_row(result: Result, at: datetime) -> dict[str, Any]:
    """Return the row of the changes feed: a delivery is found by its alert and transition."""
    return {**_key(result.due), "b_at": to_micros(at)}


def lease_row(due: Due, lease_end_s: float) -> dict[str, Any]:
    """Return the values of LEASE."""
    return {**_key(due), "b_lease_end_s": lease_end_s}


def forward_row(endpoint_id: str, now_s: float) -> dict[str, Any]:
    """Return the values of BRING_FORWARD for an endpoint that answers again."""
    after_s = now_s + LONGEST_LEASE_S
    return {"b_endpoint_id": endpoint_id, "b_now_s": now_s, "b_after_s": after_s}


def disable_row(result: Result) -> dict[str, Any]:
    """Return the values of DISABLE, FAIL_ALL and AUDIT."""
    return {
        "b_endpoint_id": result.due.endpoint_id,
        "b_at": to_micros(result.at),
        "b_reason": result.verdict.reason,
    }


def _key(due: Due) -> dict[str, Any]:
    return {"b_endpoint_id": due.endpoint_id, "b_alert_id": due.alert_id, "b_seq": due.seq}


def _short(text: str | None) -> str | None:
    return None if text is None else text[:MAX_ERROR_CHARS]
