"""Which polygons' boundaries come within a distance of a point, in metres.

The pieces of a boundary are seen from each point in an orthographic projection scaled by the
ellipsoid's radii there: right beside a pole and across the antimeridian as anywhere else. Compared
with geodesics the distances are within 0.1 % to 200 km and within 1 % to 2,000 km.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from processing.locate.edges import edges_of
from schemas.geometry import LON_LIMIT, unit_xyz

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# The circle is drawn a little too large, so that a doubtful touch counts as a touch.
SLACK_M = 0.5
_NEAR_MARGIN = 1.001
_FAR_MARGIN = 1.01
_NEAR_M = 200_000.0
# No report may state more (`ReportedLocation.uncertainty_m`).
MAX_RADIUS_M = 2_000_000.0

# WGS 84: semi-major axis and the square of the eccentricity.
_SEMI_MAJOR_M = 6_378_137.0
_E2 = 0.00669437999014
# The fewest metres that a degree has: of latitude, and of longitude at the equator.
_M_PER_DEGREE_LAT = 110_570.0
_M_PER_DEGREE_LON = 111_310.0

# One box of the tree holds so many pieces: fewer boxes to find, more pieces to measure.
_RUN = 2
# Pairs of point and piece measured at once: bounds the memory (about 100 bytes a pair).
_PAIRS_AT_ONCE = 250_000
_FEW_RUNS = 24
_TURN_DEG = 360.0
# A circle that comes so near a pole may reach any longitude.
_POLAR_LAT = 89.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """Pairs (point, polygon) whose boundary a circle reaches, each once, sorted."""

    point: IntArray
    polygon: IntArray


class Boundaries:
    """The boundaries of some polygons, in the order of the array."""

    def __init__(self, polygons: npt.NDArray[np.object_]) -> None:
        ends, owner = edges_of(polygons, slack_m=SLACK_M / 2.0)
        self._owner = owner
        self._from = unit_xyz(ends[:, 0], ends[:, 1])
        self._to = unit_xyz(ends[:, 2], ends[:, 3])
        self._polygons = len(polygons)
        self._starts = np.arange(0, len(ends), _RUN)
        self._tree = shapely.STRtree(_run_boxes(ends, self._starts))

    def touched(self, lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> Touches:
        """Return the boundaries that circles reach, by a margin too many rather than too few."""
        reach_m = _with_margin(radius_m)
        point, run = self._runs_near(lon, lat, reach_m)
        if len(point) == 0:
            return Touches(point=point, polygon=point)
        if len(lon) == 1 and len(run) <= _FEW_RUNS:
            return self._touched_one(float(lon[0]), float(lat[0]), float(reach_m[0]), run)
        keys = [
            self._reached(lon, lat, reach_m=reach_m, point=point[part], run=run[part])
            for part in _slices(len(point), _PAIRS_AT_ONCE // _RUN)
        ]
        key = np.unique(np.concatenate(keys))
        return Touches(point=key // self._polygons, polygon=key % self._polygons)

    def _touched_one(self, lon: float, lat: float, reach_m: float, run: IntArray) -> Touches:
        """Do what `_reached` does for one point: for a few pieces floats are faster than arrays."""
        plane = _Plane.at(lon, lat)
        reached: set[int] = set()
        for first in (run * _RUN).tolist():
            part = slice(first, first + _RUN)
            pieces = zip(
                self._owner[part].tolist(),
                self._from[part].tolist(),
                self._to[part].tolist(),
                strict=True,
            )
            for owner, start, end in pieces:
                if owner not in reached and plane.distance_m(start, end) <= reach_m:
                    reached.add(owner)
        polygon = np.array(sorted(reached), dtype=np.int64)
        return Touches(point=np.zeros(len(polygon), dtype=np.int64), polygon=polygon)

    def _runs_near(
        self, lon: FloatArray, lat: FloatArray, reach_m: FloatArray
    ) -> tuple[IntArray, IntArray]:
        west, south, east, north = _around(lon, lat, reach_m)
        if len(lon) == 1 and west[0] >= -LON_LIMIT and east[0] <= LON_LIMIT:
            run = self._tree.query(shapely.box(west[0], south[0], east[0], north[0]))
            return np.zeros(len(run), dtype=np.int64), run
        point = np.arange(len(lon))
        found = [(point, shapely.box(west, south, east, north))]
        # The part of a box beyond ±180° lies at the other end of the map.
        for over, turn in ((west < -LON_LIMIT, _TURN_DEG), (east > LON_LIMIT, -_TURN_DEG)):
            if over.any():
                box = shapely.box(west[over] + turn, south[over], east[over] + turn, north[over])
                found.append((point[over], box))
        pairs = [(of, *self._tree.query(boxes)) for of, boxes in found]
        if len(pairs) == 1:
            return pairs[0][1], pairs[0][2]
        key = np.unique(
            np.concatenate([of[at] * max(len(self._starts), 1) + run for of, at, run in pairs])
        )
        return key // max(len(self._starts), 1), key % max(len(self._starts), 1)

    def _reached(
        self,
        lon: FloatArray,
        lat: FloatArray,
        *,
        reach_m: FloatArray,
        point: IntArray,
        run: IntArray,
    ) -> IntArray:
        piece = (self._starts[run][:, None] + np.arange(_RUN)).ravel()
        point = np.repeat(point, _RUN)
        inside = piece < len(self._owner)
        piece, point = piece[inside], point[inside]
        distance_m = _distance_m(
            _Frame.at(lon, lat).take(point), self._from[piece], self._to[piece]
        )
        hit = distance_m <= reach_m[point]
        return np.unique(point[hit] * self._polygons + self._owner[piece[hit]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """East and north at points: unit vectors, each times the ellipsoid's radius that way."""

    east_x: FloatArray
    east_y: FloatArray
    north_x: FloatArray
    north_y: FloatArray
    north_z: FloatArray
    radius_m: FloatArray

    @classmethod
    def at(cls, lon: FloatArray, lat: FloatArray) -> _Frame:
        lam, phi = np.radians(lon), np.radians(lat)
        sin_lam, cos_lam, sin_phi = np.sin(lam), np.cos(lam), np.sin(phi)
        flat = 1.0 - _E2 * sin_phi * sin_phi
        across_m = _SEMI_MAJOR_M / np.sqrt(flat)
        along_m = across_m * (1.0 - _E2) / flat
        return cls(
            east_x=-sin_lam * across_m,
            east_y=cos_lam * across_m,
            north_x=-sin_phi * cos_lam * along_m,
            north_y=-sin_phi * sin_lam * along_m,
            north_z=np.cos(phi) * along_m,
            radius_m=np.sqrt(across_m * along_m),
        )

    def take(self, rows: IntArray) -> _Frame:
        return _Frame(
            east_x=self.east_x[rows],
            east_y=self.east_y[rows],
            north_x=self.north_x[rows],
            north_y=self.north_y[rows],
            north_z=self.north_z[rows],
            radius_m=self.radius_m[rows],
        )

    def project(self, xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y, z = xyz[:, 0], xyz[:, 1], xyz[:, 2]
        east = self.east_x * x + self.east_y * y
        north = self.north_x * x + self.north_y * y + self.north_z * z
        return east, north


def _distance_m(frame: _Frame, start: FloatArray, end: FloatArray) -> FloatArray:
    x0, y0 = frame.project(start)
    x1, y1 = frame.project(end)
    dx, dy = x1 - x0, y1 - y0
    length2 = dx * dx + dy * dy
    along = -(x0 * dx + y0 * dy) / np.where(length2 > 0.0, length2, 1.0)
    along = np.clip(along, 0.0, 1.0)
    flat_m = np.hypot(x0 + along * dx, y0 + along * dy)
    # An orthographic view foreshortens what is far: turn its distance back into an arc.
    return np.asarray(frame.radius_m * np.arcsin(np.minimum(flat_m / frame.radius_m, 1.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plane:
    """The view from one point, as `_Frame` has it for many."""

    east: tuple[float, float]
    north: tuple[float, float, float]
    radius_m: float

    @classmethod
    def at(cls, lon: float, lat: float) -> _Plane:
        lam, phi = math.radians(lon), math.radians(lat)
        sin_lam, cos_lam, sin_phi = math.sin(lam), math.cos(lam), math.sin(phi)
        flat = 1.0 - _E2 * sin_phi * sin_phi
        across_m = _SEMI_MAJOR_M / math.sqrt(flat)
        along_m = across_m * (1.0 - _E2) / flat
        return cls(
            east=(-sin_lam * across_m, cos_lam * across_m),
            north=(
                -sin_phi * cos_lam * along_m,
                -sin_phi * sin_lam * along_m,
                math.cos(phi) * along_m,
            ),
            radius_m=math.sqrt(across_m * along_m),
        )

    def project(self, xyz: Sequence[float]) -> tuple[float, float]:
        x, y, z = xyz
        east = self.east[0] * x + self.east[1] * y
        return east, self.north[0] * x + self.north[1] * y + self.north[2] * z

    def distance_m(self, start: Sequence[float], end: Sequence[float]) -> float:
        x0, y0 = self.project(start)
        x1, y1 = self.project(end)
        dx, dy = x1 - x0, y1 - y0
        length2 = dx * dx + dy * dy
        along = -(x0 * dx + y0 * dy) / (length2 if length2 > 0.0 else 1.0)
        along = min(max(along, 0.0), 1.0)
        flat_m = math.hypot(x0 + along * dx, y0 + along * dy)
        return self.radius_m * math.asin(min(flat_m / self.radius_m, 1.0))


def _with_margin(radius_m: FloatArray) -> FloatArray:
    radius_m = np.minimum(radius_m, MAX_RADIUS_M)
    margin = np.where(radius_m <= _NEAR_M, _NEAR_MARGIN, _FAR_MARGIN)
    return np.asarray(radius_m * margin + SLACK_M, dtype=np.float64)


def _around(
    lon: FloatArray, lat: FloatArray, reach_m: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    half_lat = reach_m / _M_PER_DEGREE_LAT
    farthest = np.abs(lat) + half_lat
    cosine = np.cos(np.radians(np.minimum(farthest, _POLAR_LAT)))
    half_lon = np.where(farthest >= _POLAR_LAT, LON_LIMIT, reach_m / (_M_PER_DEGREE_LON * cosine))
    half_lon = np.minimum(half_lon, LON_LIMIT)
    return lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat


def _run_boxes(ends: FloatArray, starts: IntArray) -> Any:  # noqa: ANN401 - an array of boxes
    if len(ends) == 0:
        return []
    lon, lat = ends[:, 0::2], ends[:, 1::2]
    low_lon, high_lon = lon.min(axis=1), lon.max(axis=1)
    low_lat, high_lat = lat.min(axis=1), lat.max(axis=1)
    return shapely.box(
        np.minimum.reduceat(low_lon, starts),
        np.minimum.reduceat(low_lat, starts),
        np.maximum.reduceat(high_lon, starts),
        np.maximum.reduceat(high_lat, starts),
    )


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, length, step)]
