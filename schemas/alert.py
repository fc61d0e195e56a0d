"""An alert: what a person must act on, with its life cycle as data.

An alert gathers the flags of one place, actor class and mission-local day. Its state changes
only along `TRANSITIONS`; each change is a row of the ledger with the next `seq`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from schemas.flag import Band
from schemas.message import Lat, Lon, Message, StrictMessage, Text, Time


class AlertState(StrEnum):
    """Where an alert stands (code list `alert_state`)."""

    RAISED = "RAISED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    ASSESSING = "ASSESSING"
    RESPONSE_DECIDED = "RESPONSE_DECIDED"
    RESPONDING = "RESPONDING"
    ON_SCENE = "ON_SCENE"
    RESOLVED = "RESOLVED"
    FALSE_ALARM = "FALSE_ALARM"
    DUPLICATE = "DUPLICATE"
    EXPIRED_UNANSWERED = "EXPIRED_UNANSWERED"
    CANNOT_RESPOND = "CANNOT_RESPOND"
    WITHDRAWN = "WITHDRAWN"


class TransitionKind(StrEnum):
    """What happened to an alert; the past tense is the webhook's `type` after "alert."."""

    RAISED = "raised"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    DECIDED = "decided"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REPLACED = "replaced"


OPEN_STATES = frozenset(
    {
        AlertState.RAISED,
        AlertState.ACKNOWLEDGED,
        AlertState.ASSESSING,
        AlertState.RESPONSE_DECIDED,
        AlertState.RESPONDING,
        AlertState.ON_SCENE,
    }
)

_ANSWERED = (
    AlertState.ASSESSING,
    AlertState.RESPONSE_DECIDED,
    AlertState.RESPONDING,
    AlertState.ON_SCENE,
    AlertState.RESOLVED,
    AlertState.FALSE_ALARM,
    AlertState.DUPLICATE,
    AlertState.CANNOT_RESPOND,
)

# What a person may do: from a state to the states that they may set.
TRANSITIONS: Mapping[AlertState, tuple[AlertState, ...]] = {
    AlertState.RAISED: (AlertState.ACKNOWLEDGED, *_ANSWERED),
    AlertState.ACKNOWLEDGED: _ANSWERED,
    AlertState.ASSESSING: _ANSWERED[1:],
    AlertState.RESPONSE_DECIDED: _ANSWERED[2:],
    AlertState.RESPONDING: _ANSWERED[3:],
    AlertState.ON_SCENE: _ANSWERED[4:],
    AlertState.CANNOT_RESPOND: (AlertState.ASSESSING, AlertState.RESPONSE_DECIDED),
    AlertState.RESOLVED: (),
    AlertState.FALSE_ALARM: (),
    AlertState.DUPLICATE: (),
    AlertState.EXPIRED_UNANSWERED: (AlertState.ACKNOWLEDGED, *_ANSWERED),
    AlertState.WITHDRAWN: (),
}


class Alert(Message):
    """An alert as it stands. `number` is the label that people speak ("A 87").

    `seq` is the number of its last transition. `place_key` is a county P-code where one is
    certain, else a state P-code, else an H3 cell. `paged` tells whether anyone was rung for it,
    `paged_band` the highest band that anyone was rung for, counting the alert that it continues.
    An alert without flags has lost its evidence; where a correction moved that to another alert,
    `replaced_by` is the other one, whose `replaces` is this one.
    """

    alert_id: str
    number: int
    seq: int
    place_key: str
    place_name: str
    actor_class: str
    day: int
    state: AlertState
    priority: int
    band: Band
    headline: str
    flag_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    lon: Lon | None = None
    lat: Lat | None = None
    level: int = 0
    retrospective: bool = False
    illustrative: bool = False
    paged: bool = False
    paged_band: Band | None = None
    owner: str | None = None
    continues: str | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    raised_at: Time
    updated_at: Time
    acknowledged_at: Time | None = None
    acknowledged_by: str | None = None
    ack_due_at: Time | None = None


class Transition(Message):
    """One row of the ledger: what happened to an alert, when (mission clock), by whom."""

    alert_id: str
    seq: int
    kind: TransitionKind
    at: Time
    by: str
    from_state: AlertState | None
    to_state: AlertState
    priority: int
    note: Text | None = None
    reason: str | None = None


class AlertAction(StrictMessage):
    """What a person asks to do with an alert: go to a state, with a note or a coded reason.

    `seq` is the last transition that the person saw; another one in between is a 409.
    """

    to_state: AlertState
    seq: int
    note: Text | None = None
    reason: str | None = None
