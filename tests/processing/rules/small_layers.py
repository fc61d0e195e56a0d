"""A small mission's layers, searched by brute force: slow, short and easy to believe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from processing.rules.window import FloatArray, IntArray
from schemas.clock import EPOCH_DAY
from schemas.geometry import geodesic_m_many
from schemas.layer import Feature, LayerKind

# 1 December 2013. Tests count days from here.
DAY_0 = (date(2013, 12, 1) - EPOCH_DAY).days


@dataclass(frozen=True, kw_only=True)
class SmallLayers:
    every: tuple[Feature, ...]

    def features(self, layer: str) -> Sequence[Feature]:
        return [feature for feature in self.every if feature.layer == layer]

    def within(
        self,
        lon: FloatArray,
        lat: FloatArray,
        day: IntArray,
        *,
        layer: str,
        kinds: tuple[str, ...],
        reach_m: float,
    ) -> list[list[tuple[int, float]]]:
        found: list[list[tuple[int, float]]] = [[] for _ in range(len(lon))]
        for at, feature in enumerate(self.features(layer)):
            if kinds and feature.kind not in kinds:
                continue
            away_m = geodesic_m_many(lon, lat, feature.lon, feature.lat) - feature.radius_m
            for i, metres in enumerate(away_m.tolist()):
                if metres <= reach_m and _is_valid(feature, int(day[i])):
                    found[i].append((at, max(metres, 0.0)))
        return found


def _is_valid(feature: Feature, day: int) -> bool:
    first, last = feature.valid_from, feature.valid_to
    starts = first is None or (first - EPOCH_DAY).days <= day
    return starts and (last is None or day < (last - EPOCH_DAY).days)


def rectangle(west: float, south: float, east: float, north: float) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def area(code: str, name: str, parent: str, box: tuple[float, float, float, float]) -> Feature:
    west, south, east, north = box
    return Feature(
        feature_id=code,
        layer=LayerKind.ADM2 if parent else LayerKind.ADM1,
        kind="COUNTY" if parent else "STATE",
        name=name,
        parent_id=parent or None,
        lon=(west + east) / 2,
        lat=(south + north) / 2,
        geometry=rectangle(west, south, east, north),
    )


BOXES = {
    "SS0101": (30.0, 8.0, 31.0, 9.0),
    "SS0102": (31.0, 8.0, 32.0, 9.0),
    "SS0201": (30.0, 9.0, 32.0, 10.0),
}

POC_SITE = Feature(
    feature_id="poc-karo",
    layer=LayerKind.CIVILIAN_SITE,
    kind="POC_SITE",
    name="Karo protection of civilians site",
    parent_id="SS0101",
    lon=30.52,
    lat=8.52,
    radius_m=1_000.0,
    population=12_000,
    valid_from=date(2013, 12, 10),
)
TOWN = Feature(
    feature_id="town-karo",
    layer=LayerKind.SETTLEMENT,
    kind="TOWN",
    name="Karo",
    parent_id="SS0101",
    lon=30.5,
    lat=8.5,
    population=20_000,
)
EASTERN_TOWN = Feature(
    feature_id="town-dalu",
    layer=LayerKind.SETTLEMENT,
    kind="TOWN",
    name="Dalu",
    lon=31.1,
    lat=8.6,
    population=8_000,
)
VILLAGE = Feature(
    feature_id="village-meri",
    layer=LayerKind.SETTLEMENT,
    kind="VILLAGE",
    name="Meri",
    lon=30.8,
    lat=8.4,
    population=900,
)
HOSPITAL = Feature(
    feature_id="hospital-karo",
    layer=LayerKind.HEALTH,
    kind="HOSPITAL",
    name="Karo hospital",
    lon=30.5,
    lat=8.49,
)
BASE = Feature(
    feature_id="base-karo",
    layer=LayerKind.UN_BASE,
    kind="UN_BASE",
    name="Karo base",
    lon=30.55,
    lat=8.55,
)

LAYERS = SmallLayers(
    every=(
        area("SS01", "Karo State", "", (30.0, 8.0, 32.0, 9.0)),
        area("SS02", "Northern State", "", BOXES["SS0201"]),
        area("SS0101", "Karo County", "SS01", BOXES["SS0101"]),
        area("SS0102", "Dalu County", "SS01", BOXES["SS0102"]),
        area("SS0201", "Northern County", "SS02", BOXES["SS0201"]),
        POC_SITE,
        TOWN,
        EASTERN_TOWN,
        VILLAGE,
        HOSPITAL,
        BASE,
    )
)
