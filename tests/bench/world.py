"""Where and who the benchmark's reports are about: places of uneven density, sides, units.

The counties, their shapes and the units' ids are the sample mission's; everything else is drawn
from a seed. Nothing here stands for a real event or a real group.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from shapely import prepare
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from deploy.demo.folder import sample_folder

# Units that the sample mission has from 2015 on, with how their word is graded.
UNITS = (
    *((f"ssd-{town}-patrol", "FIRST_HAND", "B", "2") for town in ("bentiu", "bor", "juba", "wau")),
    *((f"ssd-{town}-unmo", "FIRST_HAND", "B", "2") for town in ("malakal", "torit", "yambio")),
    *((f"ssd-{town}-cla", "COMMUNITY", "C", "3") for town in ("aweil", "renk", "rumbek", "pibor")),
    *((f"ssd-{town}-partner", "PARTNER", "C", "3") for town in ("bentiu", "juba", "wau", "torit")),
    ("ssd-malakal-patrol", "FIRST_HAND", "B", "2"),
)

_VILLAGES_PER_COUNTY = 40
_SIDES_PER_COUNTY = 9
_SIDES = 90
_SIDE_TYPES = ("ARMED_GROUP", "COMMUNITY_SELF_DEFENCE", "STATE_MILITARY", "BANDITS")
# How uneven counties and villages are: the standard deviation of the logarithm of their weight.
_COUNTY_SPREAD, _VILLAGE_SPREAD = 0.9, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """An invented party."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A place that events happen near."""

    name: str
    lon: float
    lat: float
    pcode: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Villages with how much happens near each, as cumulative weights."""

    villages: Sequence[Village]
    cumulative: Sequence[float]

    def pick(self, draw: random.Random) -> Village:
        """Draw a village, the busy ones more often."""
        return draw.choices(self.villages, cum_weights=self.cumulative)[0]


@lru_cache(maxsize=4)
def make_world(seed: int) -> World:
    """Draw villages in every county of the sample mission."""
    draw = random.Random(f"{seed}:world")
    sides = [
        Side(name=f"Side {number:02d}", type=draw.choice(_SIDE_TYPES)) for number in range(_SIDES)
    ]
    counties = json.loads((sample_folder() / "adm2.geojson").read_text())["features"]
    villages: list[Village] = []
    cumulative: list[float] = []
    total = 0.0
    for county in sorted(counties, key=lambda feature: str(feature["properties"]["pcode"])):
        weight = draw.lognormvariate(0.0, _COUNTY_SPREAD)
        present = tuple(draw.sample(sides, _SIDES_PER_COUNTY))
        pcode = str(county["properties"]["pcode"])
        for number, (lon, lat) in enumerate(_points(draw, shape(county["geometry"]))):
            name = f"Village {pcode}-{number:02d}"
            villages.append(Village(name=name, lon=lon, lat=lat, pcode=pcode, sides=present))
            total += weight * draw.lognormvariate(0.0, _VILLAGE_SPREAD)
            cumulative.append(total)
    return World(villages=tuple(villages), cumulative=tuple(cumulative))


def moved(draw: random.Random, lon: float, lat: float, *, within_m: float) -> tuple[float, float]:
    """Return a point uniformly within a distance of another, as (lon, lat)."""
    distance = within_m * math.sqrt(draw.random())
    bearing = draw.uniform(0.0, 2.0 * math.pi)
    degree_m = 111_320.0
    east = distance * math.sin(bearing) / (degree_m * math.cos(math.radians(lat)))
    return round(lon + east, 5), round(lat + distance * math.cos(bearing) / degree_m, 5)


def _points(draw: random.Random, area: BaseGeometry) -> list[tuple[float, float]]:
    west, south, east, north = area.bounds
    prepare(area)
    points: list[tuple[float, float]] = []
    while len(points) < _VILLAGES_PER_COUNTY:
        lon, lat = draw.uniform(west, east), draw.uniform(south, north)
        if area.contains(Point(lon, lat)):
            points.append((lon, lat))
    return points
