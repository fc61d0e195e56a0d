"""What people do with an alert, along the table in `schemas.alert`; and what only time does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from schemas.alert import (
    OPEN_STATES,
    TRANSITIONS,
    Alert,
    AlertAction,
    AlertState,
    Transition,
    TransitionKind,
)
from schemas.codes.lists import code_list

REASONS_LIST = "no_response_reason"
# The code that says nothing by itself.
_OTHER = "OTHER"

# Facts are in the past tense. "Cannot respond" is a decision too, with its coded reason.
_KINDS: Mapping[AlertState, TransitionKind] = MappingProxyType(
    {
        AlertState.ACKNOWLEDGED: TransitionKind.ACKNOWLEDGED,
        AlertState.ASSESSING: TransitionKind.UPDATED,
        AlertState.RESPONSE_DECIDED: TransitionKind.DECIDED,
        AlertState.RESPONDING: TransitionKind.UPDATED,
        AlertState.ON_SCENE: TransitionKind.UPDATED,
        AlertState.CANNOT_RESPOND: TransitionKind.DECIDED,
        AlertState.RESOLVED: TransitionKind.RESOLVED,
        AlertState.FALSE_ALARM: TransitionKind.RESOLVED,
        AlertState.DUPLICATE: TransitionKind.RESOLVED,
    }
)


class Refusal(StrEnum):
    """Why an action was not done."""

    STALE = "someone else changed this alert since it was read; read it again"
    NOT_ALLOWED = "an alert in this state cannot go to that one"
    REASON_MISSING = "say why no response is possible, with a code of no_response_reason"
    REASON_UNKNOWN = "the reason is not a code of no_response_reason"
    NOTE_MISSING = "the reason OTHER needs a note"
    REASON_UNASKED = "a reason belongs to CANNOT_RESPOND only; use the note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """The alert after the action, and the row of the ledger that says so."""

    alert: Alert
    transition: Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why nothing was done, and the states that are allowed instead."""

    refusal: Refusal
    allowed: tuple[AlertState, ...]


def allowed(alert: Alert) -> tuple[AlertState, ...]:
    """Return the states to which a person may bring an alert, in the order of the table."""
    return TRANSITIONS[alert.state]


def act(alert: Alert, action: AlertAction, *, by: str, now: datetime) -> Acted | Refused:
    """Bring an alert to a state, or say why not.

    The first who acts on an alert acknowledges it by doing so, and becomes its owner.
    """
    refusal = _refusal(alert, action)
    if refusal is not None:
        return Refused(refusal=refusal, allowed=allowed(alert))
    update: dict[str, Any] = {
        "state": action.to_state,
        "seq": alert.seq + 1,
        "updated_at": now,
        "owner": alert.owner or by,
    }
    if alert.acknowledged_at is None:
        update |= {"acknowledged_at": now, "acknowledged_by": by}
    if action.to_state is AlertState.ACKNOWLEDGED:
        # Who acknowledges takes the alert over, also from the owner that it was inherited from.
        update["owner"] = by
    after = alert.model_copy(update=update)
    transition = Transition(
        alert_id=alert.alert_id,
        seq=after.seq,
        kind=_KINDS[action.to_state],
        at=now,
        by=by,
        from_state=alert.state,
        to_state=after.state,
        priority=after.priority,
        note=action.note,
        reason=action.reason,
    )
    return Acted(alert=after, transition=transition)


def expire(alert: Alert, *, lifetime: timedelta, by: str, now: datetime) -> Acted | None:
    """Close an alert that nobody acknowledged while its flags lasted, or return None.

    `lifetime` is the longest `expires_after_h` of its flags. It can still be answered: an
    unanswered alert is counted, never lost. One that is late is not yet expired: see `clocks`.
    """
    if alert.state is not AlertState.RAISED or now < alert.raised_at + lifetime:
        return None
    after = alert.model_copy(
        update={"state": AlertState.EXPIRED_UNANSWERED, "seq": alert.seq + 1, "updated_at": now}
    )
    transition = Transition(
        alert_id=alert.alert_id,
        seq=after.seq,
        kind=TransitionKind.EXPIRED,
        at=now,
        by=by,
        from_state=alert.state,
        to_state=after.state,
        priority=after.priority,
    )
    return Acted(alert=after, transition=transition)


def is_open(alert: Alert) -> bool:
    """Say whether somebody must still do something about an alert."""
    return alert.state in OPEN_STATES


def _refusal(alert: Alert, action: AlertAction) -> Refusal | None:
    if action.seq != alert.seq:
        return Refusal.STALE
    if action.to_state not in allowed(alert):
        return Refusal.NOT_ALLOWED
    return _reason_refusal(action)


def _reason_refusal(action: AlertAction) -> Refusal | None:
    if action.to_state is not AlertState.CANNOT_RESPOND:
        return Refusal.REASON_UNASKED if action.reason else None
    if not action.reason:
        return Refusal.REASON_MISSING
    if action.reason not in code_list(REASONS_LIST):
        return Refusal.REASON_UNKNOWN
    if action.reason == _OTHER and not action.note:
        return Refusal.NOTE_MISSING
    return None
