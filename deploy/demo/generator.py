"""Turn real events into the reports that units near them would have sent.

Deterministic from a seed. Each event gives one to three sources with different grades, delays and
rounding within the stated radius; some reports are sent twice, corrected, late, on a wrong day (at
most 1 %) or withdrawn, and units send nil reports. The generator gives fusion nothing that UCDP
lacks: no event id in an id or a text, no invented actor. UCDP holds only lethal events and none
against the UN, so `illustrative.py` adds a small seeded set, each marked.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from deploy.demo.events import NON_STATE, ONE_SIDED, STATE_BASED, Event, Reporter
from schemas.geometry import Position, geodesic_m

DERIVED_FROM: Final = "UCDP GED (CC BY 4.0), simulated report"

_EVENT_TYPE: Final = {
    STATE_BASED: "AC_CLASH",
    NON_STATE: "VC_INTERCOMMUNAL",
    ONE_SIDED: "VC_KILLING",
}
# How many sources an event has, with weights: many events in the real stream have one voice.
_SOURCES: Final = ((1, 0.35), (2, 0.40), (3, 0.25))
# Hours until a kind of unit has sent its word, from the shortest to the longest usual delay.
_DELAY_H: Final = {
    "PATROL": (0.5, 6.0),
    "UNMO": (2.0, 18.0),
    "UNPOL": (1.0, 10.0),
    "CLA": (0.3, 10.0),
    "PARTNER": (12.0, 72.0),
}
# The radius that a kind of unit states when the event's place is exact.
_RADIUS_M: Final = {
    "PATROL": 500.0,
    "UNMO": 500.0,
    "UNPOL": 1_000.0,
    "CLA": 1_000.0,
    "PARTNER": 2_000.0,
}
# UCDP where_prec 2 is "near": the units state five kilometres. 3 is a county's point.
_NEAR_RADIUS_M: Final = 5_000.0
_COUNTY_RADIUS_M: Final = 25_000.0
_NEAR, _COUNTY = 2, 3

_LATE = 0.05
_TWICE = 0.04
_CORRECTED = 0.06
_WITHDRAWN = 0.01
_WRONG_DAY = 0.005
_ONE_SIDE_NAMED = 0.03
_NOBODY_NAMED = 0.01
_NIL_EVERY_DAYS = 112

_WORDS: Final = {
    "PATROL": "Patrol report. {what} at or near the position given, {when}.",
    "UNMO": "Observers were told by local authorities: {what}, {when}. Area not visited.",
    "UNPOL": "Police team: {what} reported to the post {when}; statements are being taken.",
    "CLA": "People who came to the liaison post say there was {what} {when}.",
    "PARTNER": "Partner note for information: {what}, learnt afterwards; time given as {when}.",
}
_WHAT: Final = {
    STATE_BASED: "armed clash",
    NON_STATE: "fighting between communities or groups",
    ONE_SIDED: "killing of civilians",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A report to send: when (the mission clock then), by whom, and what.

    `event_id` is the truth, for scoring only; it never leaves this process.
    """

    send_at: datetime
    unit_id: str
    body: dict[str, Any]
    event_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the generator draws from."""

    events: Sequence[Event]
    reporters: Sequence[Reporter]
    pcodes: Mapping[tuple[str, str], str]
    zone: ZoneInfo
    seed: int


def plan(sample: Sample) -> list[Planned]:
    """Return all reports of the events, in the order in which they are sent."""
    planned = [report for event in sample.events for report in _of_event(sample, event)]
    planned.extend(_nil_reports(sample))
    return in_order(planned)


def in_order(planned: Sequence[Planned]) -> list[Planned]:
    """Sort by sending time; ties by root_id and revision."""
    return sorted(
        planned, key=lambda one: (one.send_at, one.body["root_id"], one.body.get("revision", 1))
    )


def opaque_id(seed: int, *parts: object) -> str:
    """Return an id in the shape of a UUID that tells nothing about its parts."""
    text = "\x1f".join(map(str, (seed, *parts)))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def displaced(draw: random.Random, lon: float, lat: float, *, radius_m: float) -> Position:
    """Return a position uniformly within a radius of a point, at most four fifths of it away."""
    distance = 0.8 * radius_m * math.sqrt(draw.random())
    bearing = draw.uniform(0.0, 2.0 * math.pi)
    metres_a_degree = 111_320.0
    return Position(
        lon=round(
            lon + distance * math.sin(bearing) / (metres_a_degree * math.cos(math.radians(lat))), 5
        ),
        lat=round(lat + distance * math.cos(bearing) / metres_a_degree, 5),
    )


def _of_event(sample: Sample, event: Event) -> Iterator[Planned]:
    draw = random.Random(f"{sample.seed}:{event.event_id}")  # noqa: S311 - a simulation
    occurred = _occurred(sample, event, draw)
    chosen = _sources(sample.reporters, event, draw)
    for rank, unit in enumerate(chosen):
        yield from _of_source(sample, event, unit, draw=draw, occurred=occurred, rank=rank)


def _of_source(
    sample: Sample,
    event: Event,
    unit: Reporter,
    *,
    draw: random.Random,
    occurred: datetime,
    rank: int,
) -> Iterator[Planned]:
    said = occurred
    if rank > 0 and draw.random() < _WRONG_DAY:
        said = occurred + timedelta(days=1)
    said = _about(said, draw, sample.zone)
    send_at = said + _delay(draw, unit)
    body = _body(sample, event, unit, draw=draw, said_at=said)
    body["root_id"] = opaque_id(sample.seed, event.event_id, unit.unit_id, rank)
    body["reported_at"] = _text(send_at)
    yield Planned(send_at=send_at, unit_id=unit.unit_id, body=body, event_id=event.event_id)
    if draw.random() < _TWICE:
        again = send_at + timedelta(minutes=draw.randint(1, 90))
        yield Planned(send_at=again, unit_id=unit.unit_id, body=body, event_id=event.event_id)
    if draw.random() < _CORRECTED:
        yield _correction(event, unit, draw=draw, first=body, sent_at=send_at)
    elif rank > 0 and draw.random() < _WITHDRAWN:
        yield _retraction(event, unit, draw=draw, first=body, sent_at=send_at)


def _correction(
    event: Event, unit: Reporter, *, draw: random.Random, first: dict[str, Any], sent_at: datetime
) -> Planned:
    later = sent_at + timedelta(hours=draw.uniform(4, 60))
    body = {
        **first,
        "revision": 2,
        "report_kind": "CORRECTION",
        "reported_at": _text(later),
        "victims": _victims(event, 1.0),
        "text": "Correction of the numbers after a second count.",
    }
    return Planned(send_at=later, unit_id=unit.unit_id, body=body, event_id=event.event_id)


def _retraction(
    event: Event, unit: Reporter, *, draw: random.Random, first: dict[str, Any], sent_at: datetime
) -> Planned:
    later = sent_at + timedelta(hours=draw.uniform(12, 72))
    body = {
        **first,
        "revision": 2,
        "report_kind": "RETRACTION",
        "reported_at": _text(later),
        "text": "Withdrawn by the unit: the source repeated what others had said.",
    }
    return Planned(send_at=later, unit_id=unit.unit_id, body=body, event_id=event.event_id)


def _body(
    sample: Sample, event: Event, unit: Reporter, *, draw: random.Random, said_at: datetime
) -> dict[str, Any]:
    hour = said_at.astimezone(sample.zone).strftime("about %H:%M local time")
    factor = 1.0 if unit.kind in {"PATROL", "UNMO"} else draw.choice((0.8, 1.0, 1.0, 1.25))
    return {
        "record_kind": "INCIDENT" if unit.kind != "CLA" else "COMMUNITY_ALERT",
        "report_kind": "SPOTREP" if unit.kind != "CLA" else "CAN_ALERT",
        "occurred_start": _text(said_at),
        "observed_at": _text(said_at),
        "time_precision": "HOUR" if event.date_prec == 1 else "DAY",
        "location": _location(sample, event, unit, draw),
        "event_type": _EVENT_TYPE[event.violence],
        "actors": _actors(event, draw),
        "victims": _victims(event, factor),
        "source": {
            "type": unit.source_type,
            "reliability": unit.reliability,
            "credibility": unit.credibility,
        },
        "derived_from": DERIVED_FROM,
        "text": _WORDS[unit.kind].format(what=_WHAT[event.violence], when=hour),
    }


def _location(sample: Sample, event: Event, unit: Reporter, draw: random.Random) -> dict[str, Any]:
    if event.where_prec > _COUNTY:
        pcode = sample.pcodes.get((event.adm1, event.adm2)) or sample.pcodes.get((event.adm1, ""))
        place = {"given": event.adm2 or event.adm1 or "South Sudan", "precision": "P7"}
        return {**place, "pcode": pcode} if pcode else place
    radius_m = _RADIUS_M[unit.kind]
    if event.where_prec == _NEAR:
        radius_m = _NEAR_RADIUS_M
    if event.where_prec == _COUNTY:
        radius_m = _COUNTY_RADIUS_M
    point = displaced(draw, event.lon, event.lat, radius_m=radius_m)
    return {"given": event.place, "lon": point.lon, "lat": point.lat, "uncertainty_m": radius_m}


def _actors(event: Event, draw: random.Random) -> list[dict[str, Any]]:
    named = draw.random()
    if event.violence == ONE_SIDED:
        victims = {"name": event.side_b, "type": "CIVILIANS", "role": "VICTIM"}
        if named < _NOBODY_NAMED:
            return [{"type": "UNKNOWN_ARMED", "role": "PERPETRATOR_ALLEGED"}, victims]
        return [_party(event.side_a, event, role="PERPETRATOR_ALLEGED"), victims]
    parties = [_party(side, event, role="PARTY") for side in (event.side_a, event.side_b)]
    if named < _NOBODY_NAMED:
        return [{"type": "UNKNOWN_ARMED", "role": "PARTY"}]
    if named < _NOBODY_NAMED + _ONE_SIDE_NAMED:
        return parties[:1]
    return parties


def _party(name: str, event: Event, *, role: str) -> dict[str, Any]:
    if name.startswith("Government of South Sudan"):
        kind = "STATE_MILITARY"
    elif name.startswith("Government of"):
        kind = "FOREIGN_FORCES"
    elif event.violence == NON_STATE:
        kind = "COMMUNITY_SELF_DEFENCE"
    else:
        kind = "ARMED_GROUP"
    return {"name": name, "type": kind, "role": role}


def _victims(event: Event, factor: float) -> list[dict[str, Any]]:
    counted = (
        ("CIVILIANS", event.deaths_civilians),
        ("COMBATANTS", event.deaths_a + event.deaths_b),
        ("UNKNOWN", event.deaths_unknown),
    )
    spread_low = event.deaths_low / event.deaths_best if event.deaths_best else 1.0
    spread_high = event.deaths_high / event.deaths_best if event.deaths_best else 1.0
    cells = []
    for population, count in counted:
        best = round(count * factor)
        if best == 0:
            continue
        cells.append(
            {
                "harm": "KILLED",
                "group": "unknown",
                "population": population,
                "min": min(best, math.floor(count * spread_low)),
                "best": best,
                "max": max(best, math.ceil(count * spread_high)),
                "estimate": True,
            }
        )
    return cells


def _sources(reporters: Sequence[Reporter], event: Event, draw: random.Random) -> list[Reporter]:
    point = Position(lon=event.lon, lat=event.lat)
    there = [unit for unit in reporters if unit.is_there(event.date_start)] or list(reporters)
    near = sorted(
        (geodesic_m(point, Position(lon=unit.lon, lat=unit.lat)), unit.unit_id, unit)
        for unit in there
    )
    in_reach = [unit for distance, _, unit in near if distance <= unit.reach_m]
    count = draw.choices([n for n, _ in _SOURCES], [w for _, w in _SOURCES])[0]
    if not in_reach:
        return [near[0][2]]
    if event.where_prec > _COUNTY:
        return in_reach[:1]
    return draw.sample(in_reach[:8], min(count, len(in_reach[:8])))


def _about(at: datetime, draw: random.Random, zone: ZoneInfo) -> datetime:
    """Return a time within 45 minutes of another, on the same local day."""
    about = at + timedelta(minutes=draw.randint(-45, 45))
    return about if about.astimezone(zone).date() == at.astimezone(zone).date() else at


def _occurred(sample: Sample, event: Event, draw: random.Random) -> datetime:
    local = time(hour=draw.randint(4, 20), minute=draw.randint(0, 59))
    return datetime.combine(event.date_start, local, tzinfo=sample.zone).astimezone(UTC)


def _delay(draw: random.Random, unit: Reporter) -> timedelta:
    shortest, longest = _DELAY_H[unit.kind]
    hours = draw.uniform(shortest, longest)
    if draw.random() < _LATE:
        hours += draw.uniform(72, 400)
    return timedelta(seconds=round(hours * 3_600))


def _nil_reports(sample: Sample) -> Iterator[Planned]:
    if not sample.events:
        return
    first, last = sample.events[0].date_start, sample.events[-1].date_start
    for unit in sample.reporters:
        if unit.kind != "PATROL":
            continue
        draw = random.Random(f"{sample.seed}:nil:{unit.unit_id}")  # noqa: S311 - a simulation
        day = first + timedelta(days=draw.randint(0, _NIL_EVERY_DAYS))
        while day <= last:
            if unit.is_there(day):
                yield _nil(sample, unit, datetime.combine(day, time(18), tzinfo=sample.zone))
            day += timedelta(days=_NIL_EVERY_DAYS)


def _nil(sample: Sample, unit: Reporter, at: datetime) -> Planned:
    sent = at.astimezone(UTC)
    body = {
        "root_id": opaque_id(sample.seed, "nil", unit.unit_id, sent.isoformat()),
        "record_kind": "ACTIVITY",
        "report_kind": "NIL",
        "occurred_start": _text(sent),
        "reported_at": _text(sent),
        "event_type": "OTHER",
        "location": {"lon": unit.lon, "lat": unit.lat, "precision": "P3"},
        "source": {"type": "FIRST_HAND", "reliability": "B", "credibility": "2"},
        "derived_from": "simulated nil report",
        "text": "Nothing to report.",
    }
    return Planned(send_at=sent, unit_id=unit.unit_id, body=body, event_id=None)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
