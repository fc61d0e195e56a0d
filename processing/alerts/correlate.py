"""From flags to one alert: a place, a mission-local day, an actor class; one owner, one clock.

What an alert is (id, flags, kinds, band, priority) follows from its raised flags alone. What people
did with it, and whether it rang, follows from what it was before: that is why the previous state
comes in, and why it is not part of the conclusions that a replay must reproduce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from processing.alerts.clocks import ack_due_at
from processing.alerts.content import Content, content_of
from processing.rules.cells import cell_of, cell_text
from schemas.alert import OPEN_STATES, Alert, AlertState, Transition, TransitionKind
from schemas.clock import day_start_ms
from schemas.flag import Band, FlagHead
from schemas.identity import alert_id

SYSTEM = "tocsin"
_CELL_RESOLUTION = 3


class Reason(StrEnum):
    """Why an alert changed and rang, or did not."""

    NO_FLAGS = "no raised flag and no alert"
    FIRST = "first flag of its key"
    CONTINUES = "goes on from the day before"
    RETROSPECTIVE = "all evidence is older than its rule's horizon"
    BAND_ROSE = "the band rose"
    REOPENED = "the band rose after it was closed"
    CAME_BACK = "evidence came back"
    CHANGED = "flags changed, the band did not rise"
    UNCHANGED = "nothing changed"
    EVIDENCE_GONE = "no raised flag is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKey:
    """What one alert is about. `place_key` is a county, else a state, else a grid cell."""

    place_key: str
    actor_class: str
    day: int

    @property
    def alert_id(self) -> str:
        """The id that every replay gives it."""
        return _id_of(self)

    def day_before(self) -> AlertKey:
        """Return the key of the same place and actor class one day earlier."""
        return AlertKey(place_key=self.place_key, actor_class=self.actor_class, day=self.day - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The alert as it was stored, if it was, and the one of the day before, if there is one."""

    previous: Alert | None = None
    day_before: Alert | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a new alert is called: the next short number, and its place in words."""

    number: int
    place_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of an alert, and why.

    Without a transition there is nothing to write. `page` asks for deliveries of the transition,
    `newcomers` for those to endpoints that never heard of the alert, nor of one that it replaces.
    """

    alert: Alert | None
    transition: Transition | None
    page: bool
    reason: Reason
    newcomers: bool = False


# A batch asks for the same few again and again, and each is a hash.
@lru_cache(maxsize=8_192)
def _id_of(key: AlertKey) -> str:
    return alert_id(day_start_ms(key.day), key.place_key, key.actor_class)


def alert_key(
    adm1: str, adm2: str, lon: float | None, lat: float | None, actor_class: str, day: int
) -> AlertKey:
    """Return the key of the alert that a flag belongs to. Codes are "" when not certain."""
    if adm2 or adm1:
        place_key = adm2 or adm1
    elif lon is not None and lat is not None:
        place_key = f"cell:{cell_text(cell_of(lon, lat, _CELL_RESOLUTION))}"
    else:
        place_key = "area:unknown"
    return AlertKey(place_key=place_key, actor_class=actor_class, day=day)


def assemble(
    key: AlertKey, flags: Sequence[FlagHead], *, standing: Standing, label: Label, now: datetime
) -> Decision:
    """Conclude an alert from all current flags of its key; shadow and withdrawn ones do not count.

    The same flags again give no transition. It rings (`page`) when it is new, when the band of its
    live flags rises over what anyone was rung for, and when its evidence is gone after it rang;
    never on retrospective flags alone. People's closing stands unless the band rises.
    """
    content = content_of(flags)
    previous = standing.previous
    if content is None:
        return _without_flags(previous, now)
    if previous is None:
        return _first(key, content, standing=standing, label=label, now=now)
    return _again(content, previous, label=label, now=now)


def _without_flags(previous: Alert | None, now: datetime) -> Decision:
    if previous is None:
        return Decision(alert=None, transition=None, page=False, reason=Reason.NO_FLAGS)
    if not previous.flag_ids:
        return Decision(alert=previous, transition=None, page=False, reason=Reason.UNCHANGED)
    still_asked = previous.state in OPEN_STATES or previous.state in _UNANSWERED
    state = AlertState.WITHDRAWN if still_asked else previous.state
    alert = previous.model_copy(
        update={
            "seq": previous.seq + 1,
            "state": state,
            "flag_ids": (),
            "kinds": (),
            "ack_due_at": None if state is AlertState.WITHDRAWN else previous.ack_due_at,
            "updated_at": now,
        }
    )
    return _decided(
        alert, previous, TransitionKind.WITHDRAWN, Reason.EVIDENCE_GONE, page=previous.paged
    )


# Closed, but without an answer on the ground: evidence that is gone still matters to these.
_UNANSWERED = frozenset({AlertState.CANNOT_RESPOND, AlertState.EXPIRED_UNANSWERED})


def _first(
    key: AlertKey, content: Content, *, standing: Standing, label: Label, now: datetime
) -> Decision:
    before = _continued(standing.day_before)
    told = before.paged_band if before else None
    page = _rises(content.live_band, told)
    alert = Alert(
        alert_id=key.alert_id,
        number=label.number,
        seq=1,
        place_key=key.place_key,
        place_name=label.place_name or content.place_name,
        actor_class=key.actor_class,
        day=key.day,
        state=before.state if before else AlertState.RAISED,
        owner=before.owner if before else None,
        continues=before.alert_id if before else None,
        acknowledged_at=before.acknowledged_at if before else None,
        acknowledged_by=before.acknowledged_by if before else None,
        ack_due_at=before.ack_due_at if before else None,
        paged=page,
        paged_band=content.live_band if page else told,
        raised_at=now,
        updated_at=now,
        **content.fields(label.place_name),
    )
    if page:
        alert = _with_clock(alert, now)
    return _decided(alert, None, TransitionKind.RAISED, _first_reason(before, content), page=page)


def _first_reason(before: Alert | None, content: Content) -> Reason:
    if content.live_band is None:
        return Reason.RETROSPECTIVE
    return Reason.CONTINUES if before else Reason.FIRST


def _continued(day_before: Alert | None) -> Alert | None:
    """Return the alert of the day before if it goes on: still open, and its evidence stands."""
    if day_before is None or not day_before.flag_ids or day_before.state not in OPEN_STATES:
        return None
    return day_before


def _again(content: Content, previous: Alert, *, label: Label, now: datetime) -> Decision:
    fields = content.fields(label.place_name or previous.place_name)
    came_back = not previous.flag_ids
    page = _rises(content.live_band, None if came_back else previous.paged_band)
    changed = came_back or any(getattr(previous, name) != fields[name] for name in fields)
    if not changed and not page:
        return Decision(alert=previous, transition=None, page=False, reason=Reason.UNCHANGED)
    state, kind, reason = _outcome(previous, page=page, came_back=came_back)
    update = {
        **fields,
        "seq": previous.seq + 1,
        "state": state,
        "paged": previous.paged or page,
        "paged_band": content.live_band if page else previous.paged_band,
        "replaced_by": None,
        "updated_at": now,
    }
    if kind is TransitionKind.RAISED:
        update |= {"acknowledged_at": None, "acknowledged_by": None, "ack_due_at": None}
    alert = previous.model_copy(update=update)
    if page:
        alert = _with_clock(alert, now)
    return _decided(alert, previous, kind, reason, page=page)


def _outcome(
    previous: Alert, *, page: bool, came_back: bool
) -> tuple[AlertState, TransitionKind, Reason]:
    if previous.state is AlertState.WITHDRAWN:
        return AlertState.RAISED, TransitionKind.RAISED, Reason.CAME_BACK
    if page and previous.state not in OPEN_STATES:
        reason = Reason.CAME_BACK if came_back else Reason.REOPENED
        return AlertState.RAISED, TransitionKind.RAISED, reason
    if page:
        return previous.state, TransitionKind.UPDATED, Reason.BAND_ROSE
    reason = Reason.CAME_BACK if came_back else Reason.CHANGED
    return previous.state, TransitionKind.UPDATED, reason


def _rises(live: Band | None, told: Band | None) -> bool:
    """Say whether people must be rung: something live is above what they were rung for."""
    return live is not None and (told is None or live > told)


def _with_clock(alert: Alert, now: datetime) -> Alert:
    """Start the clock of an alert that rings, or shorten one that runs."""
    if alert.acknowledged_at is not None:
        return alert
    due = ack_due_at(alert.priority, since=now)
    running = alert.ack_due_at
    return alert.model_copy(update={"ack_due_at": min(due, running) if running else due})


def _decided(
    alert: Alert, previous: Alert | None, kind: TransitionKind, reason: Reason, *, page: bool
) -> Decision:
    transition = Transition(
        alert_id=alert.alert_id,
        seq=alert.seq,
        kind=kind,
        at=alert.updated_at,
        by=SYSTEM,
        from_state=previous.state if previous else None,
        to_state=alert.state,
        priority=alert.priority,
        note=reason.value,
    )
    return Decision(alert=alert, transition=transition, page=page, reason=reason)
