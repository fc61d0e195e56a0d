"""From flags to alerts: read what stands, let `processing.alerts` conclude, give the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from processing.alerts.correlate import AlertKey, Decision, Label, Reason, Standing, assemble
from processing.alerts.names import area_name
from processing.alerts.succession import roots_of, succeed
from processing.batch.flags import head_of
from processing.batch.rows import AlertRow, DeliveryRow, FlagRow, RedirectRow, TransitionRow
from processing.batch.stores import Stores
from processing.batch.telling import Link, Told, deliveries
from processing.locate.locate import Locator
from schemas.alert import Alert, Transition
from schemas.clock import to_micros
from schemas.codec import decode, encode
from schemas.flag import Flag, FlagHead

ENTITY = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanges:
    """What a batch does to the alerts. `returned` are ids that no longer point on."""

    rows: tuple[AlertRow, ...] = ()
    redirects: tuple[RedirectRow, ...] = ()
    returned: frozenset[str] = frozenset()
    transitions: tuple[TransitionRow, ...] = ()
    deliveries: tuple[DeliveryRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Alerts to look at again: their ids, and the keys of those that may be new."""

    alert_ids: frozenset[str]
    keys: Mapping[str, AlertKey]


def conclude(
    stores: Stores, asked: Asked, locator: Locator, *, link: Link, now: datetime
) -> AlertChanges:
    """Assemble alerts from the flags that are stored now.

    In order of day, so that what an alert takes over from the day before is what this batch made
    of that. Then those whose evidence moved to another alert are replaced by it.
    """
    if not asked.alert_ids:
        return AlertChanges()
    stood = _standing(stores, asked)
    standing = dict(stood)
    flags = stores.flags.of_alerts(asked.alert_ids)
    heads = _heads(flags)
    number = stores.alerts.last_number()
    decisions: list[Decision] = []
    for key in _in_order(asked, standing):
        decision = assemble(
            key,
            heads.get(key.alert_id, ()),
            standing=Standing(
                previous=standing.get(key.alert_id),
                day_before=standing.get(key.day_before().alert_id),
            ),
            label=Label(number=number + 1, place_name=area_name(key.place_key, locator)),
            now=now,
        )
        if decision.alert is None or decision.transition is None:
            continue
        number = max(number, decision.alert.number)
        standing[key.alert_id] = decision.alert
        decisions.append(decision)
    return _rows(stores, _succeeded(stores, decisions, stood, flags), locator, link)


def alert_row(alert: Alert) -> AlertRow:
    """Return an alert as it is stored."""
    return AlertRow(
        alert_id=alert.alert_id,
        number=alert.number,
        seq=alert.seq,
        place_key=alert.place_key,
        actor_class=alert.actor_class,
        day=alert.day,
        state=alert.state.value,
        priority=alert.priority,
        lon=alert.lon,
        lat=alert.lat,
        level=alert.level,
        retrospective=alert.retrospective,
        updated_at=to_micros(alert.updated_at),
        body=encode(alert),
    )


def transition_row(transition: Transition) -> TransitionRow:
    """Return a step of an alert as it is stored."""
    return TransitionRow(
        alert_id=transition.alert_id,
        seq=transition.seq,
        kind=transition.kind.value,
        at=to_micros(transition.at),
        body=encode(transition),
    )


def _standing(stores: Stores, asked: Asked) -> dict[str, Alert]:
    """Return the stored alerts among those asked for, and those of the day before a new one."""
    found = _alerts(stores, asked.alert_ids)
    new = (key for alert_id, key in asked.keys.items() if alert_id not in found)
    before = {key.day_before().alert_id for key in new}
    return found | _alerts(stores, before - found.keys())


def _alerts(stores: Stores, alert_ids: Collection[str]) -> dict[str, Alert]:
    return {row.alert_id: decode(Alert, row.body) for row in stores.alerts.of_ids(alert_ids)}


def _key(alert: Alert) -> AlertKey:
    return AlertKey(place_key=alert.place_key, actor_class=alert.actor_class, day=alert.day)


def _in_order(asked: Asked, standing: Mapping[str, Alert]) -> list[AlertKey]:
    """Return the keys to conclude. An id of neither kind had shadow flags only: nothing to do."""
    keys = dict(asked.keys)
    keys |= {i: _key(standing[i]) for i in asked.alert_ids if i in standing}
    return sorted(keys.values(), key=lambda key: (key.day, key.alert_id))


def _heads(rows: Iterable[FlagRow]) -> Mapping[str, list[FlagHead]]:
    found: dict[str, list[FlagHead]] = defaultdict(list)
    for row in rows:
        found[row.alert_id or ""].append(decode(FlagHead, head_of(row.body)))
    return found


def _succeeded(
    stores: Stores,
    decisions: Sequence[Decision],
    stood: Mapping[str, Alert],
    flags: Iterable[FlagRow],
) -> Sequence[Decision]:
    """Let what is raised take over from what lost its evidence to it.

    A withdrawn flag keeps what it said, so it tells what an alert rested on before.
    """
    gone = {
        one.alert.alert_id: stood[one.alert.alert_id]
        for one in decisions
        if one.alert is not None and one.reason is Reason.EVIDENCE_GONE
    }
    if not gone or len(gone) == len(decisions):
        return decisions
    lost = {flag_id for alert in gone.values() for flag_id in alert.flag_ids}
    said = {row.flag_id: decode(Flag, row.body) for row in stores.flags.of_ids(lost)}
    current: dict[str, list[Flag]] = defaultdict(list)
    for row in flags:
        if not row.shadow:
            current[row.alert_id or ""].append(decode(Flag, row.body))
    roots = {alert_id: roots_of(found) for alert_id, found in current.items()}
    for alert_id, alert in gone.items():
        roots[alert_id] = roots_of(said[one] for one in alert.flag_ids if one in said)
    return succeed(decisions, previous=gone, roots=roots)


def _rows(
    stores: Stores, decisions: Collection[Decision], locator: Locator, link: Link
) -> AlertChanges:
    changed = [
        (one.alert, one.transition)
        for one in decisions
        if one.alert is not None and one.transition is not None
    ]
    return AlertChanges(
        rows=tuple(alert_row(alert) for alert, _ in changed),
        redirects=tuple(
            RedirectRow(alert.alert_id, alert.replaced_by, ENTITY, to_micros(alert.updated_at))
            for alert, _ in changed
            if alert.replaced_by is not None
        ),
        returned=frozenset(
            one.alert.alert_id
            for one in decisions
            if one.alert is not None and one.reason is Reason.CAME_BACK
        ),
        transitions=tuple(transition_row(transition) for _, transition in changed),
        deliveries=tuple(_deliveries(stores, decisions, locator, link)),
    )


def _deliveries(
    stores: Stores, decisions: Collection[Decision], locator: Locator, link: Link
) -> list[DeliveryRow]:
    rung = [
        (one.alert, one.transition, one.newcomers)
        for one in decisions
        if one.alert is not None and one.transition is not None and (one.page or one.newcomers)
    ]
    endpoints = stores.alerts.endpoints() if rung else []
    if not endpoints:
        return []
    # A new alert is not stored yet, so what it replaces is asked for by name.
    replaced = {alert.replaces for alert, _, _ in rung if alert.replaces is not None}
    heard = stores.alerts.told({alert.alert_id for alert, _, _ in rung} | replaced)
    told = [
        Told(
            alert,
            transition,
            locator.parent(alert.place_key) or None,
            heard[alert.alert_id] | heard.get(alert.replaces or "", frozenset()),
            newcomers,
        )
        for alert, transition, newcomers in rung
    ]
    return deliveries(told, endpoints, link=link)
