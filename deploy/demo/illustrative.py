"""A small seeded set of reports that UCDP cannot hold, each marked *illustrative*.

UCDP's events are lethal and none is against the UN, so threats, attacks on the UN and obstruction
would never be seen. These are made up from a seed, name no actor, and say that they are made up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from deploy.demo.events import Reporter
from deploy.demo.generator import Planned, displaced, opaque_id

_NOTE: Final = "Illustrative report, not derived from any real event."
# Kinds with how often they come, per 60 days.
_KINDS: Final = (
    ("VC_IMMINENT_THREAT", "CAN_ALERT", 4, "Callers fear an attack on the place tonight."),
    ("AP_ULTIMATUM", "CAN_ALERT", 1, "People were told to leave the place by morning."),
    ("UN_OBSTRUCTION", "SPOTREP", 3, "Patrol stopped at a roadblock and turned back."),
    ("UN_ATTACK_PATROL", "SERIOUS_INCIDENT_UN", 1, "Small-arms fire at a patrol, nobody hurt."),
    ("UN_ATTACK_BASE", "SERIOUS_INCIDENT_UN", 1, "Shots fired at the perimeter of the base."),
)
_PERIOD_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    event_type: str
    report_kind: str
    words: str
    at: datetime
    serial: str


def illustrative(
    reporters: Sequence[Reporter], *, first: date, last: date, zone: ZoneInfo, seed: int
) -> Iterator[Planned]:
    """Yield the illustrative reports between two days, both included, near units of the time."""
    start = first
    while start <= last:
        draw = random.Random(f"{seed}:illustrative:{start.isoformat()}")  # noqa: S311 - a simulation
        for event_type, report_kind, count, words in _KINDS:
            for number in range(count):
                day = start + timedelta(days=draw.randrange(_PERIOD_DAYS))
                local = time(draw.randint(5, 21), draw.randint(0, 59))
                told = _Told(
                    event_type=event_type,
                    report_kind=report_kind,
                    words=words,
                    at=datetime.combine(day, local, tzinfo=zone).astimezone(UTC),
                    serial=f"{start.isoformat()}:{event_type}:{number}",
                )
                if day <= last:
                    yield from _by_units(reporters, told, draw=draw, seed=seed, day=day)
        start += timedelta(days=_PERIOD_DAYS)


def _by_units(
    reporters: Sequence[Reporter], told: _Told, *, draw: random.Random, seed: int, day: date
) -> Iterator[Planned]:
    kinds = {"CLA"} if told.report_kind == "CAN_ALERT" else {"PATROL"}
    there = [unit for unit in reporters if unit.kind in kinds and unit.is_there(day)]
    if not there:
        return
    home = draw.choice(there)
    others = [unit for unit in reporters if unit.is_there(day) and unit.unit_id != home.unit_id]
    tellers = [home]
    if draw.random() < 0.4 and others:  # noqa: PLR2004 - two in five threats have a second source
        near = min(others, key=lambda u: (abs(u.lon - home.lon) + abs(u.lat - home.lat), u.unit_id))
        tellers.append(near)
    place = displaced(draw, home.lon, home.lat, radius_m=4_000)
    for rank, unit in enumerate(tellers):
        sent = told.at + timedelta(minutes=draw.randint(5, 50) + 40 * rank)
        point = displaced(draw, place.lon, place.lat, radius_m=1_000)
        yield Planned(
            send_at=sent,
            unit_id=unit.unit_id,
            body=_body(told, unit, seed=seed, sent=sent, lon=point.lon, lat=point.lat),
            event_id=None,
        )


def _body(
    told: _Told, unit: Reporter, *, seed: int, sent: datetime, lon: float, lat: float
) -> dict[str, Any]:
    return {
        "root_id": opaque_id(seed, "illustrative", told.serial, unit.unit_id),
        "record_kind": "COMMUNITY_ALERT" if told.report_kind == "CAN_ALERT" else "INCIDENT",
        "report_kind": told.report_kind,
        "occurred_start": _text(told.at),
        "observed_at": _text(told.at),
        "reported_at": _text(sent),
        "location": {"lon": lon, "lat": lat, "uncertainty_m": 1_000},
        "event_type": told.event_type,
        "actors": [{"type": "UNKNOWN_ARMED", "role": "PERPETRATOR_ALLEGED"}],
        "source": {
            "type": unit.source_type,
            "reliability": unit.reliability,
            "credibility": unit.credibility,
        },
        "illustrative": True,
        "derived_from": "illustrative, simulated",
        "text": f"{told.words} {_NOTE}",
    }


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
