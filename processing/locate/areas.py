"""Which areas of a layer hold a circle: one for certain, or all that it touches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from processing.locate.boundary import Boundaries
from processing.locate.layers import LayerColumns
from schemas.geometry import LON_LIMIT, geodesic_m_many
from schemas.layer import Feature

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Up to so many circles are asked for one by one sooner than as arrays of pairs.
_FEW = 4
_POLYGONAL = frozenset({"Polygon", "MultiPolygon"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """For each circle the area that surely holds it whole ("" if none) and all that it touches.

    Candidates are sorted by feature_id. A circle that reaches out of the layer has candidates and
    no certain area, even where it touches one area only.
    """

    area: list[str]
    candidates: list[tuple[str, ...]]


class AreaIndex:
    """The polygons of some rows of a layer. A point on a boundary touches both sides."""

    def __init__(self, layer: LayerColumns, rows: IntArray) -> None:
        listed = [(layer.features[row], polygon_of(layer.features[row])) for row in rows.tolist()]
        shaped = [(feature, polygon) for feature, polygon in listed if polygon is not None]
        polygons = np.empty(len(shaped), dtype=np.object_)
        polygons[:] = [polygon for _, polygon in shaped]
        shapely.prepare(polygons)
        self._ids = [feature.feature_id for feature, _ in shaped]
        self._alone = [(feature_id,) for feature_id in self._ids]
        self._tree = shapely.STRtree(polygons)
        self._boundaries = Boundaries(polygons)

    def hold(self, lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> Held:
        """Say which areas hold or touch circles of finite centres and radii."""
        n, areas = len(lon), len(self._ids)
        held = Held(area=[""] * n, candidates=[()] * n)
        if areas == 0 or n == 0:
            return held
        if n <= _FEW and (np.abs(lon) != LON_LIMIT).all():
            alone = [slice(at, at + 1) for at in range(n)]
            ones = [self._hold_one(lon[at], lat[at], radius_m[at]) for at in alone]
            return Held(
                area=[one.area[0] for one in ones], candidates=[one.candidates[0] for one in ones]
            )
        point, polygon = self._containing(lon, lat)
        touches = self._boundaries.touched(lon, lat, radius_m)
        certain = np.bincount(point, minlength=n) == 1
        certain[touches.point] = False
        sure = certain[point]
        for at, which in zip(point[sure].tolist(), polygon[sure].tolist(), strict=True):
            held.area[at] = self._ids[which]
            held.candidates[at] = self._alone[which]
        doubtful = np.union1d(
            point[~sure] * areas + polygon[~sure], touches.point * areas + touches.polygon
        )
        for at, which in zip(
            (doubtful // areas).tolist(), (doubtful % areas).tolist(), strict=True
        ):
            held.candidates[at] += self._alone[which]
        return held

    def _hold_one(self, lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> Held:
        """Do what `hold` does for one circle off the antimeridian, without pairs."""
        point = shapely.points(lon[0], lat[0])
        holding = self._tree.query(point, predicate="intersects").tolist()
        touched = self._boundaries.touched(lon, lat, radius_m).polygon.tolist()
        if len(holding) == 1 and not touched:
            return Held(area=[self._ids[holding[0]]], candidates=[self._alone[holding[0]]])
        candidates = tuple(self._ids[which] for which in sorted({*holding, *touched}))
        return Held(area=[""], candidates=[candidates])

    def _containing(self, lon: FloatArray, lat: FloatArray) -> tuple[IntArray, IntArray]:
        point, polygon = self._tree.query(shapely.points(lon, lat), predicate="intersects")
        seam = np.flatnonzero(np.abs(lon) == LON_LIMIT)
        if len(seam) == 0:
            return point, polygon
        # ±180° is one meridian: an area may have been drawn up to it from either side.
        at, other = self._tree.query(shapely.points(-lon[seam], lat[seam]), predicate="intersects")
        pairs = np.unique(
            np.column_stack((np.append(point, seam[at]), np.append(polygon, other))), axis=0
        )
        return pairs[:, 0], pairs[:, 1]


def polygon_of(feature: Feature) -> BaseGeometry | None:
    """Return a feature's area; None for points, lines, empty ones and features without geometry."""
    if feature.geometry is None or feature.geometry.get("type") not in _POLYGONAL:
        return None
    geometry = shape(feature.geometry)
    return None if geometry.is_empty else geometry


def covering_radius_m(feature: Feature) -> float:
    """Return the geodesic metres from a feature's position to its farthest vertex; 0 for points."""
    polygon = polygon_of(feature)
    return 0.0 if polygon is None else reach_of(polygon, lon=feature.lon, lat=feature.lat)


def reach_of(geometry: BaseGeometry, *, lon: float, lat: float) -> float:
    """Return the geodesic metres from a position to a geometry's farthest vertex."""
    vertices = shapely.get_coordinates(geometry)
    return float(geodesic_m_many(lon, lat, vertices[:, 0], vertices[:, 1]).max())
