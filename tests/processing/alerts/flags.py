"""Flags and alerts as tests of alerts write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from processing.alerts.correlate import AlertKey, Decision, Label, Standing, assemble
from schemas.alert import Alert
from schemas.flag import Band, Flag

NOON = datetime(2013, 12, 16, 12, tzinfo=UTC)
DAY = 16_055
KEY = AlertKey(place_key="SS0101", actor_class="ARMED_GROUP", day=DAY)


def flag(name: str = "a", *, band: Band = Band.MEDIUM, **more: Any) -> Flag:  # noqa: ANN401
    fields: dict[str, Any] = {
        "flag_id": f"flag-{name}",
        "flag_key": f"R01|{name}|ARMED_GROUP|{DAY}",
        "rule_id": "R01",
        "rule_version": 1,
        "params_sha256": "0" * 64,
        "band": band,
        "priority": int(band),
        "day": DAY,
        "place_key": f"site-{name}",
        "place_name": "Karo",
        "actor_class": "ARMED_GROUP",
        "occurred_start": NOON,
        "numbers": {},
        "evidence": (),
        "explanation": "",
    }
    return Flag(**(fields | more))


def conclude(
    *flags: Flag,
    previous: Alert | None = None,
    day_before: Alert | None = None,
    now: datetime = NOON,
    key: AlertKey = KEY,
) -> Decision:
    return assemble(
        key,
        flags,
        standing=Standing(previous=previous, day_before=day_before),
        label=Label(number=87, place_name="Karo County"),
        now=now,
    )


def raised(*flags: Flag, **more: Any) -> Alert:  # noqa: ANN401
    """An alert that some flags raised."""
    alert = conclude(*(flags or (flag(),)), **more).alert
    assert alert is not None
    return alert
