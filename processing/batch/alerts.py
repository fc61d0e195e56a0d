"""From flags to alerts: read what stands, let `processing.alerts` conclude, give the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from processing.alerts.correlate import AlertKey, Decision, Label, Standing, assemble
from processing.alerts.names import area_name
from processing.batch.rows import AlertRow, DeliveryRow, FlagRow, TransitionRow
from processing.batch.stores import Stores
from processing.batch.telling import Link, Told, deliveries
from processing.locate.locate import Locator
from schemas.alert import Alert, Transition
from schemas.codec import decode, encode
from schemas.column_types import to_micros
from schemas.flag import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanges:
    """What a batch does to the alerts."""

    rows: tuple[AlertRow, ...] = ()
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
    of that.
    """
    if not asked.alert_ids:
        return AlertChanges()
    standing = _standing(stores, asked)
    flags = _flags(stores.flags.of_alerts(asked.alert_ids))
    number = stores.alerts.last_number()
    decisions: list[Decision] = []
    for key in _in_order(asked, standing):
        decision = assemble(
            key,
            flags.get(key.alert_id, ()),
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
    return _rows(stores, decisions, locator, link)


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
    """Return the stored alerts among those asked for, and those of the day before each."""
    found = _alerts(stores, asked.alert_ids)
    keys = [*asked.keys.values(), *(_key(alert) for alert in found.values())]
    before = {key.day_before().alert_id for key in keys}
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


def _flags(rows: Iterable[FlagRow]) -> Mapping[str, list[Flag]]:
    found: dict[str, list[Flag]] = defaultdict(list)
    for row in rows:
        found[row.alert_id or ""].append(decode(Flag, row.body))
    return found


def _rows(
    stores: Stores, decisions: Collection[Decision], locator: Locator, link: Link
) -> AlertChanges:
    changed = [
        (one.alert, one.transition, one.page)
        for one in decisions
        if one.alert is not None and one.transition is not None
    ]
    rung = [alert.alert_id for alert, _, page in changed if page]
    endpoints = stores.alerts.endpoints() if rung else []
    heard = stores.alerts.told(rung) if endpoints else {}
    told = [
        Told(alert, transition, locator.parent(alert.place_key) or None, heard[alert.alert_id])
        for alert, transition, page in changed
        if page and endpoints
    ]
    return AlertChanges(
        rows=tuple(alert_row(alert) for alert, _, _ in changed),
        transitions=tuple(transition_row(transition) for _, transition, _ in changed),
        deliveries=tuple(deliveries(told, endpoints, link=link)),
    )
