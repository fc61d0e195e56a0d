"""The benchmark's reports: deterministic from a seed, as uneven as a mission's, and made up.

One to three units tell of each event, with their own place, time and grade; some correct
themselves, some send nil reports. How much happens a day does not depend on how many reports are
asked for: more reports are more days (60 at least), so that a larger run is longer, not denser.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mgrs import MGRS

from tests.bench.world import UNITS, Side, Village, World, make_world, moved

START = datetime(2015, 1, 10, tzinfo=UTC)
MIN_DAYS = 60
REPORTS_PER_DAY = 330

_REPORTERS = ((1, 0.40), (2, 0.35), (3, 0.25))
_NIL = 0.05
_CORRECTED = 0.02
_LATE = 0.03
_NOBODY_NAMED = 0.15
_AS_MGRS, _AS_PCODE = 0.05, 0.04
_NEAR_VILLAGE_M = 4_000.0
_RADIUS_M = (300.0, 500.0, 1_000.0, 2_000.0)

# What happens, how often, and whether it has a party: most of what a mission hears is not combat.
_KINDS = (
    ("AP_MOVEMENT", 16, True),
    ("AP_SIGHTING", 9, True),
    ("AP_CHECKPOINT", 6, True),
    ("DP_ARRIVAL", 8, False),
    ("DP_DEPARTURE", 5, False),
    ("HA_ACCESS_DENIAL", 4, True),
    ("CR_BANDITRY", 8, False),
    ("CR_CATTLE_RAID", 9, True),
    ("PO_PROTEST_PEACEFUL", 4, False),
    ("IN_HATE_SPEECH", 3, False),
    ("NH_FLOOD", 3, False),
    ("AC_CLASH", 7, True),
    ("VC_ASSAULT", 4, True),
    ("VC_LOOT_BURN", 3, True),
    ("VC_KILLING", 2, True),
    ("VC_INTERCOMMUNAL", 2, True),
    ("EH_ERW_FIND", 1, False),
)
_LETHAL = frozenset({"AC_CLASH", "VC_KILLING", "VC_INTERCOMMUNAL", "CR_CATTLE_RAID"})
# Weights of 0, 1, 2 … killed in a lethal kind of event: most have few.
_KILLED = (50, 28, 13, 6, 2, 1)
_SENTENCES = (
    "The patrol spoke with the chief and with two elders at the market.",
    "People had left the western part of the place before dawn.",
    "The road was passable with difficulty; two culverts are damaged.",
    "Women at the borehole gave the same account as the traders.",
    "Those who were asked could not say from where the men had come.",
    "Numbers are from the local clinic and were not counted by the team.",
    "A second visit is planned once the river can be crossed.",
    "The liaison assistant called back in the evening and heard no more of it.",
    "Cattle had been moved north some days before.",
    "Shops were closed and the school had sent the children home.",
    "Information is from one caller whose name is known to the office.",
    "The observers did not enter the compound and saw it from the road.",
    "Local authorities said that they would send a delegation.",
    "Shelter and water were asked for by those who had arrived.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A report to send. `event` numbers the event it tells of; None for a nil report."""

    at: datetime
    unit_id: str
    event: int | None
    event_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """What a set of reports came out as."""

    reports: int
    events: int
    days: int
    event_types: int
    nil_share: float
    corrections: int
    most_per_event: int
    mean_bytes: float

    @property
    def per_event(self) -> float:
        told = self.reports * (1 - self.nil_share) - self.corrections
        return told / max(1, self.events)


def generate(
    count: int, *, seed: int = 7, start: datetime = START, days: int | None = None
) -> list[Sent]:
    """Return this many reports in the order in which they are sent, over so many days if given."""
    world = make_world(seed)
    days = days or max(MIN_DAYS, round(count / REPORTS_PER_DAY))
    draw = random.Random(f"{seed}:reports")
    sent: list[Sent] = []
    event = 0
    while len(sent) < count:
        at = start + timedelta(seconds=draw.randrange(days * 86_400))
        if draw.random() < _NIL:
            sent.append(_nil(draw, at, serial=f"{seed}:nil:{len(sent)}"))
        else:
            sent.extend(_of_event(draw, world, at, serial=(seed, event)))
            event += 1
    return sorted(sent[:count], key=lambda one: (one.at, one.body))


def realised(sent: Sequence[Sent]) -> Realised:
    """Count what came out."""
    roots = Counter(one.event for one in sent if one.event is not None)
    bodies = [json.loads(one.body) for one in sent]
    corrected = Counter(
        one.event for one, body in zip(sent, bodies, strict=True) if body["revision"] > 1
    )
    return Realised(
        reports=len(sent),
        events=len(roots),
        days=len({body["occurred_start"][:10] for body in bodies}),
        event_types=len({one.event_type for one in sent}),
        nil_share=sum(one.event is None for one in sent) / max(1, len(sent)),
        corrections=sum(corrected.values()),
        most_per_event=max((roots[event] - corrected[event] for event in roots), default=0),
        mean_bytes=sum(len(one.body) for one in sent) / max(1, len(sent)),
    )


def threat(number: int, at: datetime, *, seed: int = 7, run: int = 0) -> Sent:
    """Return a report that raises an alert of its own: a threat in a place and on a day of its own.

    `number` chooses the place, `run` the day before `at` on which nothing else was said.
    """
    world = make_world(seed)
    village = world.villages[(number * 41) % len(world.villages)]
    draw = random.Random(f"{seed}:threat:{run}:{number}")
    unit = UNITS[number % len(UNITS)]
    body = {
        "root_id": _opaque(f"{seed}:threat:{run}:{number}"),
        "revision": 1,
        "record_kind": "COMMUNITY_ALERT",
        "report_kind": "CAN_ALERT",
        **_times(at, at),
        "location": _location(draw, village, (village.lon, village.lat), as_plain=True),
        "event_type": "VC_IMMINENT_THREAT",
        "actors": [{"type": "UNKNOWN_ARMED", "role": "PERPETRATOR_ALLEGED"}],
        "source": _source(unit),
        "text": _text(draw),
    }
    return _sent(body, at=at, unit_id=unit[0], event=number)


def _of_event(
    draw: random.Random, world: World, at: datetime, *, serial: tuple[int, int]
) -> Iterator[Sent]:
    village = world.pick(draw)
    place = moved(draw, village.lon, village.lat, within_m=_NEAR_VILLAGE_M)
    event_type, _, has_party = draw.choices(_KINDS, [weight for _, weight, _ in _KINDS])[0]
    party = draw.choice(village.sides) if has_party else None
    killed = draw.choices(range(len(_KILLED)), _KILLED)[0] if event_type in _LETHAL else 0
    tellers = draw.choices([n for n, _ in _REPORTERS], [w for _, w in _REPORTERS])[0]
    for rank, unit in enumerate(draw.sample(UNITS, tellers)):
        hours = draw.uniform(0.3, 8.0) + (draw.uniform(48, 200) if draw.random() < _LATE else 0)
        said = _within_the_day(at, timedelta(minutes=draw.randint(-30, 30)))
        sent_at = said + timedelta(seconds=round(hours * 3_600))
        body = {
            "root_id": _opaque(f"{serial[0]}:{serial[1]}:{rank}"),
            "revision": 1,
            "record_kind": "INCIDENT",
            "report_kind": "SPOTREP",
            **_times(said, sent_at),
            "time_precision": "HOUR",
            "location": _location(draw, village, place, as_plain=False),
            "event_type": event_type,
            "actors": _actors(draw, party),
            "victims": _victims(draw, killed),
            "source": _source(unit),
            "text": _text(draw),
        }
        yield _sent(body, at=sent_at, unit_id=unit[0], event=serial[1])
        if draw.random() < _CORRECTED:
            later = sent_at + timedelta(hours=draw.randint(2, 40))
            yield _sent(_corrected(draw, body, later), at=later, unit_id=unit[0], event=serial[1])


def _corrected(draw: random.Random, body: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        **body,
        "revision": 2,
        "report_kind": "CORRECTION",
        "reported_at": _iso(at),
        "text": f"Corrected after a second visit. {_text(draw)}",
    }


def _nil(draw: random.Random, at: datetime, *, serial: str) -> Sent:
    unit = draw.choice(UNITS)
    body = {
        "root_id": _opaque(serial),
        "revision": 1,
        "record_kind": "ACTIVITY",
        "report_kind": "NIL",
        **_times(at, at),
        "event_type": "OTHER",
        "source": _source(unit),
        "text": f"Nothing to report. {_text(draw)}",
    }
    return _sent(body, at=at, unit_id=unit[0], event=None)


def _location(
    draw: random.Random, village: Village, place: tuple[float, float], *, as_plain: bool
) -> dict[str, Any]:
    radius_m = draw.choice(_RADIUS_M)
    lon, lat = moved(draw, *place, within_m=0.7 * radius_m)
    form = 1.0 if as_plain else draw.random()
    if form < _AS_PCODE:
        return {"given": village.name, "pcode": village.pcode, "precision": "P7"}
    if form < _AS_PCODE + _AS_MGRS:
        grid: str = MGRS().toMGRS(lat, lon, MGRSPrecision=4)
        return {"given": village.name, "mgrs": grid, "uncertainty_m": radius_m}
    return {"given": village.name, "lon": lon, "lat": lat, "uncertainty_m": radius_m}


def _actors(draw: random.Random, party: Side | None) -> list[dict[str, Any]]:
    if party is None:
        return []
    if draw.random() < _NOBODY_NAMED:
        return [{"type": "UNKNOWN_ARMED", "role": "PARTY"}]
    return [{"name": party.name, "type": party.type, "role": "PARTY"}]


def _victims(draw: random.Random, killed: int) -> list[dict[str, Any]]:
    if killed == 0:
        return []
    best = max(1, killed + draw.randint(-1, 1))
    cell = {"harm": "KILLED", "group": "unknown", "population": "CIVILIANS"}
    return [{**cell, "min": max(1, best - 1), "best": best, "max": best + 2, "estimate": True}]


def _times(said: datetime, sent_at: datetime) -> dict[str, str]:
    at = _iso(said)
    return {"occurred_start": at, "observed_at": at, "reported_at": _iso(sent_at)}


def _within_the_day(at: datetime, shift: timedelta) -> datetime:
    """Shift a time unless that changes the mission-local day (UTC+3 in these years)."""
    zone = timedelta(hours=3)
    moved_at = at + shift
    return moved_at if (moved_at + zone).date() == (at + zone).date() else at


def _source(unit: tuple[str, str, str, str]) -> dict[str, str]:
    _, kind, reliability, credibility = unit
    return {"type": kind, "reliability": reliability, "credibility": credibility}


def _text(draw: random.Random) -> str:
    return " ".join(draw.sample(_SENTENCES, draw.randint(2, 4)))


def _opaque(serial: str) -> str:
    digest = hashlib.sha256(serial.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _sent(body: dict[str, Any], *, at: datetime, unit_id: str, event: int | None) -> Sent:
    return Sent(
        at=at,
        unit_id=unit_id,
        event=event,
        event_type=str(body["event_type"]),
        body=json.dumps(body, separators=(",", ":")).encode(),
    )
