"""Made-up reports for fusing, and the definition of fusing written down as plainly as can be."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from processing.fuse.actors import contradict
from processing.fuse.cells import MAX_RADIUS_M
from processing.fuse.columns import Sighting as Compared
from processing.fuse.columns import SightingColumns, numbers_of
from processing.fuse.walk import Standing
from schemas.clock import day_start_ms
from schemas.geometry import Position, geodesic_m
from schemas.identity import incident_id

Partition = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    root_id: str
    day: int = 16_000
    event_class: str = "CLASH"
    lon: float = 30.0
    lat: float = 7.0
    radius_m: float = 1_000.0
    actors: tuple[str, ...] = ()
    actor_types: tuple[str, ...] = ()
    exercise: bool = False
    incident_id: str = ""


def columns(sightings: Sequence[Sighting]) -> SightingColumns:
    compared = [
        Compared(
            root_id=s.root_id,
            day=s.day,
            event_class=s.event_class,
            lon=s.lon,
            lat=s.lat,
            radius_m=s.radius_m,
            actors=s.actors,
            actor_types=s.actor_types,
            exercise=s.exercise,
        )
        for s in sightings
    ]
    return SightingColumns(
        sightings=compared,
        incident_id=[s.incident_id for s in sightings],
        numbers=numbers_of(compared),
    )


def standing(sightings: Sequence[Sighting], *, changed: Collection[int]) -> Standing:
    """The rows of each incident that did not change."""
    rows_of: dict[str, list[int]] = {}
    for row, one in enumerate(sightings):
        if row not in changed:
            rows_of.setdefault(one.incident_id, []).append(row)
    return lambda incident_id, _day: rows_of.get(incident_id, [])


def separation_m(a: Sighting, b: Sighting) -> float:
    """The geodesic, always from the western (then southern) end: the same both ways."""
    one, two = sorted((a, b), key=lambda s: (s.lon, s.lat))
    return geodesic_m(Position(lon=one.lon, lat=one.lat), Position(lon=two.lon, lat=two.lat))


def can_fuse(s: Sighting) -> bool:
    return not np.isnan(s.lon) and not np.isnan(s.lat) and s.radius_m <= MAX_RADIUS_M


def agrees(a: Sighting, b: Sighting) -> bool:
    if not can_fuse(a) or not can_fuse(b):
        return False
    if a.day != b.day or a.exercise != b.exercise:
        return False
    if a.event_class != b.event_class and "OTHER" not in {a.event_class, b.event_class}:
        return False
    if contradict(a.actors, a.actor_types, b.actors, b.actor_types):
        return False
    return separation_m(a, b) <= a.radius_m + b.radius_m


def by_definition(sightings: Iterable[Sighting]) -> Partition:
    """DESIGN's greedy, word by word and in quadratic time."""
    incidents: list[list[Sighting]] = []
    ordered = sorted(
        sightings,
        key=lambda s: (
            s.event_class == "OTHER",
            not s.actors,
            s.radius_m,
            hashlib.sha256(s.root_id.encode()).digest(),
        ),
    )
    for one in ordered:
        fitting = [i for i in incidents if all(agrees(one, member) for member in i)]
        if fitting:
            nearest = min(fitting, key=lambda i: (separation_m(one, i[0]), i[0].root_id))
            nearest.append(one)
        else:
            incidents.append([one])
    return dict(_named(incident) for incident in incidents)


def _named(incident: list[Sighting]) -> tuple[str, tuple[str, ...]]:
    roots = tuple(sorted(s.root_id for s in incident))
    return incident_id(day_start_ms(incident[0].day), roots[0]), roots


# Where fusing is hard: a town, the antimeridian, both poles, a pentagon of H3, its seam at 30E.
CENTRES = (
    (31.6, 4.85),
    (180.0, 0.0),
    (-179.999, -16.5),
    (12.0, 90.0),
    (0.0, -89.99),
    (-11.664, 4.467),
)
_RADII_M = (0.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0)
_NAMES: tuple[tuple[str, ...], ...] = ((), (), ("nuer",), ("spla",), ("nuer", "spla"))
_TYPES: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("UNKNOWN_ARMED",),
    ("ARMED_GROUP",),
    ("STATE_MILITARY",),
    ("ARMED_GROUP", "STATE_MILITARY"),
)


# A road of some 330 km instead of a place: a chain of incidents crosses many cells.
ROAD = (29.0, 7.0)
AREAS = (*CENTRES, ROAD)


@st.composite
def sightings(
    draw: st.DrawFn, root_id: str = "", area: tuple[float, float] = CENTRES[0]
) -> Sighting:
    """A report in an area, often exactly where another one is."""
    east, north = draw(st.integers(-12, 12)), draw(st.integers(-12, 12))
    step = draw(st.sampled_from((0.025, 0.0025, 0.1 if area == ROAD else 0.025)))
    lat = max(-90.0, min(90.0, area[1] + north * (0.01 if area == ROAD else step)))
    lon = (area[0] + (east + 12 if area == ROAD else east) * step + 180.0) % 360.0 - 180.0
    strange = draw(st.integers(0, 24))
    return Sighting(
        root_id=root_id,
        day=16_001 if strange == 3 else 16_000,
        event_class=draw(st.sampled_from(("CLASH", "CLASH", "CLASH", "VAC", "OTHER"))),
        lon=float("nan") if strange == 0 else lon,
        lat=float("nan") if strange == 0 else lat,
        radius_m=60_000.0 if strange == 1 else draw(st.sampled_from(_RADII_M)),
        actors=draw(st.sampled_from(_NAMES)),
        actor_types=draw(st.sampled_from(_TYPES)),
        exercise=strange == 2,
    )


@st.composite
def many(draw: st.DrawFn, *, max_size: int = 40) -> list[Sighting]:
    """Reports in one area, so that they meet."""
    area = draw(st.sampled_from(AREAS))
    found = draw(st.lists(sightings(area=area), max_size=max_size))
    return [replace(s, root_id=f"r-{n:03d}") for n, s in enumerate(found)]
