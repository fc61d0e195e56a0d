"""Making geometries from files usable: valid, flat, and cut where they cross the antimeridian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from schemas.geometry import LAT_LIMIT, LON_LIMIT

FloatArray = npt.NDArray[np.float64]

_TURN_DEG = 360.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A usable geometry, and what was wrong with the given one ("" if nothing)."""

    geometry: BaseGeometry
    fault: str


def repaired(geometry: BaseGeometry) -> Repaired:
    """Return a valid geometry within ±180°; of an area only its areas, with the fault in words.

    An area that cannot be mended comes back empty. An edge between 180° and 360° wide is taken as
    one that crosses the antimeridian: no area has so long a side without a vertex on it.
    """
    flat = shapely.force_2d(geometry)
    if not isinstance(flat, Polygon | MultiPolygon):
        return Repaired(geometry=flat, fault="")
    flat = _unwound(flat)
    if flat.is_valid:
        return Repaired(geometry=_within_the_map(flat), fault="")
    fault = shapely.is_valid_reason(flat)
    return Repaired(geometry=_within_the_map(_areas_only(shapely.make_valid(flat))), fault=fault)


def _areas_only(geometry: BaseGeometry) -> BaseGeometry:
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    nested = [
        part
        for outer in shapely.get_parts(geometry)
        if not isinstance(outer, Polygon)
        for part in shapely.get_parts(outer)
        if isinstance(part, Polygon)
    ]
    return shapely.union_all([*parts, *nested])


def _unwound(area: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Let longitudes run on beyond ±180° where a ring jumps from one side to the other."""
    parts = [_unwound_polygon(part) for part in shapely.get_parts(area)]
    if all(changed is None for changed in parts):
        return area
    kept = [
        part if changed is None else changed
        for part, changed in zip(shapely.get_parts(area), parts, strict=True)
    ]
    return kept[0] if len(kept) == 1 else MultiPolygon(kept)


def _unwound_polygon(polygon: Polygon) -> Polygon | None:
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    if not any(_jumps(ring) for ring in rings):
        return None
    shell, *holes = [_unwound_ring(ring) for ring in rings]
    middle = (shell[:, 0].min() + shell[:, 0].max()) / 2.0
    return Polygon(shell, [_turned_to(hole, middle) for hole in holes])


def _jumps(ring: FloatArray) -> bool:
    step = np.abs(np.diff(ring[:, 0]))
    return bool(((step > LON_LIMIT) & (step < _TURN_DEG)).any())


def _unwound_ring(ring: FloatArray) -> FloatArray:
    lon = np.unwrap(ring[:, 0], period=_TURN_DEG)
    run = np.column_stack((lon, ring[:, 1]))
    if abs(lon[-1] - lon[0]) < LON_LIMIT:
        return run
    # The ring goes once round the earth: it holds the pole on its side, so close it there.
    pole = LAT_LIMIT if ring[:, 1].mean() > 0.0 else -LAT_LIMIT
    return np.vstack((run, [(lon[-1], pole), (lon[0], pole), run[0]]))


def _turned_to(ring: FloatArray, lon: float) -> FloatArray:
    turns = np.round((lon - ring[:, 0].mean()) / _TURN_DEG)
    return np.column_stack((ring[:, 0] + turns * _TURN_DEG, ring[:, 1]))


def _within_the_map(area: BaseGeometry) -> BaseGeometry:
    if area.is_empty:
        return area
    west, _, east, _ = area.bounds
    if west >= -LON_LIMIT and east <= LON_LIMIT:
        return area
    parts = []
    for turn in range(
        int((west + LON_LIMIT) // _TURN_DEG), int((east + LON_LIMIT) // _TURN_DEG) + 1
    ):
        middle = turn * _TURN_DEG
        window = box(middle - LON_LIMIT, -LAT_LIMIT, middle + LON_LIMIT, LAT_LIMIT)
        parts.append(affinity.translate(area.intersection(window), xoff=-middle))
    return shapely.union_all([_areas_only(part) for part in parts])
