"""The place key and the name of an incident: a site or settlement near by, else a grid cell.

A place key is part of a flag's identity, so it follows from the incident's point, its day and the
layers alone. Incidents without a point are gathered by the area that is known of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from processing.rules.cells import cell_circle, cell_of, cell_text, cover
from processing.rules.explain import km
from processing.rules.layers import Layers, areas_of, extent_m
from processing.rules.window import IncidentColumns
from schemas.layer import Feature

# An incident up to here from the edge of a settlement or site is spoken of by its name.
NAMED_WITHIN_M = 5_000.0
NAMING_LAYERS = ("civilian_site", "settlement")
# A cell is named by the nearest settlement, as far as this is helpful.
_CELL_NAMED_WITHIN_M = 60_000.0
_RESOLUTION = 5
UNPLACED_CELL = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a flag is. Codes are "" and the point None where they are not known."""

    key: str
    name: str
    adm1: str
    adm2: str
    lon: float | None
    lat: float | None


def keys_of(columns: IncidentColumns, rows: Sequence[int], layers: Layers) -> list[str]:
    """Return the place key of each row."""
    if not rows:
        return []
    placed = [row for row in rows if math.isfinite(columns.lon[row])]
    near = _nearest(columns, placed, layers)
    keys = {
        row: near.get(row) or cell_key(float(columns.lon[row]), float(columns.lat[row]))
        for row in placed
    }
    return [keys[row] if row in keys else _area_key(columns, row) for row in rows]


def cell_key(lon: float, lat: float, resolution: int = _RESOLUTION) -> str:
    """Return the place key of a point that nothing named lies near."""
    return f"cell:{cell_text(cell_of(lon, lat, resolution))}"


def keys_within(
    lon: float, lat: float, reach_m: float, *, days: range, layers: Layers
) -> dict[str, frozenset[int]]:
    """Return every place key that an incident within a reach may have on some days.

    The cells (resolution 4) of each hold all incidents that may have that key, and what lies
    within the same reach of those.
    """
    found: dict[str, frozenset[int]] = {}
    for cell in cover(lon, lat, reach_m, resolution=_RESOLUTION):
        cell_lon, cell_lat, radius_m = cell_circle(cell)
        found[f"cell:{cell_text(cell)}"] = cover(cell_lon, cell_lat, radius_m + reach_m)
    for feature in _named_near(lon, lat, reach_m + NAMED_WITHIN_M, days=days, layers=layers):
        whole_m = extent_m(feature) + NAMED_WITHIN_M + reach_m
        found[feature.feature_id] = cover(feature.lon, feature.lat, whole_m)
    return found


def key_cells(columns: IncidentColumns, row: int, key: str, layers: Layers) -> frozenset[int]:
    """Return the cells (resolution 4) that hold every incident with the key of this row."""
    lon, lat = float(columns.lon[row]), float(columns.lat[row])
    if not math.isfinite(lon):
        return frozenset({UNPLACED_CELL})
    if key.startswith("cell:"):
        cell_lon, cell_lat, radius_m = cell_circle(cell_of(lon, lat, _RESOLUTION))
        return cover(cell_lon, cell_lat, radius_m)
    feature = _feature(key, layers)
    return cover(feature.lon, feature.lat, extent_m(feature) + NAMED_WITHIN_M)


def place_of(columns: IncidentColumns, lead: int, key: str, layers: Layers) -> Place:
    """Return the place of a flag: named by its key, at the point of its leading incident."""
    lon, lat = float(columns.lon[lead]), float(columns.lat[lead])
    placed = math.isfinite(lon)
    return Place(
        key=key,
        name=_name(columns, lead, key, layers),
        adm1=columns.adm1[lead],
        adm2=columns.adm2[lead],
        lon=lon if placed else None,
        lat=lat if placed else None,
    )


def near_cell_name(lon: float, lat: float, day: int, layers: Layers) -> str:
    """Return "12.3 km from Bentiu" for a point, "" when no settlement is near enough."""
    best = min(
        ((metres, layers.features("settlement")[at]) for metres, at in _at(lon, lat, day, layers)),
        key=lambda pair: (pair[0], pair[1].feature_id),
        default=None,
    )
    if best is None:
        return ""
    return best[1].name if best[0] <= NAMED_WITHIN_M else f"{km(best[0])} from {best[1].name}"


def _at(lon: float, lat: float, day: int, layers: Layers) -> list[tuple[float, int]]:
    found = layers.within(
        np.array([lon]),
        np.array([lat]),
        np.array([day], dtype=np.int64),
        layer="settlement",
        kinds=(),
        reach_m=_CELL_NAMED_WITHIN_M,
    )
    return [(metres, at) for at, metres in found[0]]


def _name(columns: IncidentColumns, lead: int, key: str, layers: Layers) -> str:
    areas = areas_of(layers)
    area = columns.adm2[lead] or columns.adm1[lead]
    if key.startswith("area:"):
        return areas.name(area) if area else "an unknown place"
    if not key.startswith("cell:"):
        return _feature(key, layers).name
    lon, lat = float(columns.lon[lead]), float(columns.lat[lead])
    named = near_cell_name(lon, lat, int(columns.day[lead]), layers)
    return named or (areas.name(area) if area else key.removeprefix("cell:"))


def _area_key(columns: IncidentColumns, row: int) -> str:
    return f"area:{columns.adm2[row] or columns.adm1[row] or 'unknown'}"


def _feature(key: str, layers: Layers) -> Feature:
    return next(
        feature
        for layer in NAMING_LAYERS
        for feature in layers.features(layer)
        if feature.feature_id == key
    )


def _nearest(columns: IncidentColumns, rows: Sequence[int], layers: Layers) -> dict[int, str]:
    """Return the nearest named feature of each row that has one near enough; ties by id."""
    best: dict[int, tuple[float, str]] = {}
    for layer in NAMING_LAYERS if rows else ():
        features = layers.features(layer)
        found = layers.within(
            columns.lon[rows],
            columns.lat[rows],
            columns.day[rows],
            layer=layer,
            kinds=(),
            reach_m=NAMED_WITHIN_M,
        )
        for row, pairs in zip(rows, found, strict=True):
            for at, metres in pairs:
                one = (metres, features[at].feature_id)
                best[row] = min(best.get(row, one), one)
    return {row: feature_id for row, (_, feature_id) in best.items()}


def _named_near(
    lon: float, lat: float, reach_m: float, *, days: range, layers: Layers
) -> Iterable[Feature]:
    day = np.array(days, dtype=np.int64)
    for layer in NAMING_LAYERS:
        features = layers.features(layer)
        found = layers.within(
            np.full(len(day), lon),
            np.full(len(day), lat),
            day,
            layer=layer,
            kinds=(),
            reach_m=reach_m,
        )
        yield from (features[at] for at in sorted({at for pairs in found for at, _ in pairs}))
