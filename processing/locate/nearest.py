"""Nearest and within, geodesically exact, over the points of one layer.

Candidates are chosen on the unit sphere by a k-d tree and confirmed on the ellipsoid: a sphere's
distance differs from the geodesic by at most 0.56 %, so the nearest on the ellipsoid is never
farther on the sphere than the nearest there times (1 + 0.0056) / (1 - 0.0056).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from processing.locate.layers import LayerColumns
from schemas.geometry import (
    EARTH_RADIUS_M,
    SPHERE_MARGIN,
    Position,
    chord,
    geodesic_m,
    geodesic_m_many,
    unit_xyz,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SPHERE_RATIO = 1.0113
# Above the rounding of unit vectors: 6 micrometres on the ground, for points on a feature.
_ROUNDING = 1e-12
# The second tells whether the first is surely the nearest; one more makes a second look rare.
FIRST_LOOK = 3
# Up to so many points plain floats are faster than arrays.
_FEW = 24
# Asking a tree costs as much as measuring to so many features.
_FEW_FEATURES = 256
# Half a chord's arcsine is half the angle.
_LEAST_M_A_RADIAN = 2.0 * EARTH_RADIUS_M / SPHERE_MARGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """For each point the nearest feature's row and its geodesic metres.

    Row -1 and infinity mean that there is none. Of two equally near the lower row is taken. Any
    other feature is at least `others_m` away (a bound from the sphere, up to 1 % too small).
    """

    row: IntArray
    distance_m: FloatArray
    others_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The k features nearest to each point on the unit sphere: their chords and rows.

    Where there are fewer features the chord is infinite and the row means nothing.
    """

    chords: FloatArray
    row: IntArray

    def near(self) -> BoolArray:
        """Say which may be the nearest on the ellipsoid: where all may, k was too few to tell."""
        limit = self.chords[:, :1] * _SPHERE_RATIO + _ROUNDING
        return np.asarray((self.chords <= limit) & np.isfinite(self.chords))

    def short(self) -> IntArray:
        """Return the points for which k was too few to tell."""
        limit = self.chords[:, 0] * _SPHERE_RATIO + _ROUNDING
        last = self.chords[:, -1]
        return np.flatnonzero((last <= limit) & (last < math.inf))


class PointIndex:
    """A k-d tree over some rows of a layer. Points asked for must be finite."""

    def __init__(self, layer: LayerColumns, rows: IntArray) -> None:
        self._layer = layer
        self._rows = rows
        # The tree's number for "none" is one past the last.
        self._answers = np.append(rows, -1)
        self._lon, self._lat = layer.lon[rows], layer.lat[rows]
        self._radius_m = layer.radius_m[rows]
        self._max_radius_m = float(self._radius_m.max()) if len(rows) else 0.0
        self._xyz = unit_xyz(self._lon, self._lat)
        self._tree = cKDTree(self._xyz)

    def __len__(self) -> int:
        return len(self._rows)

    def look(self, xyz: FloatArray, *, k: int = FIRST_LOOK) -> Look:
        """Return the k nearest on the sphere to points on it."""
        if len(xyz) == 1 and k <= len(self._rows) <= _FEW_FEATURES:
            return self._look_at_all(xyz, k=k)
        chords, local = self._tree.query(xyz, k=np.arange(1, k + 1))
        return Look(chords=chords, row=self._answers[local])

    def _look_at_all(self, xyz: FloatArray, *, k: int) -> Look:
        apart = self._xyz - xyz
        apart *= apart
        # In the order of the tree's own sum: to the last bit the same.
        chords = np.sqrt(apart[:, 0] + apart[:, 1] + apart[:, 2])
        local = chords.argsort(kind="stable")[:k]
        return Look(chords=chords[local][None, :], row=self._rows[local][None, :])

    def nearest(self, lon: FloatArray, lat: FloatArray) -> Nearest:
        """Return the nearest feature's point to each point, whatever the features' own radii."""
        xyz = unit_xyz(lon, lat)
        k = FIRST_LOOK
        look = self.look(xyz, k=k)
        # Rare: many features at nearly one distance. Look wider, in the end at all of them.
        while k < len(self._rows) and len(look.short()):
            k *= 4
            look = self.look(xyz, k=k)
        return confirmed(look, lon, lat, to_lon=self._layer.lon, to_lat=self._layer.lat)

    def nearest_one(self, xyz: FloatArray, here: Position) -> tuple[int, float, float]:
        """Return row, distance_m and others_m (see `Nearest`) of one point, given twice."""
        look = self.look(xyz)
        if len(look.short()):
            found = self.nearest(np.array([here.lon]), np.array([here.lat]))
            return int(found.row[0]), float(found.distance_m[0]), float(found.others_m[0])
        to_lon, to_lat = self._layer.lon, self._layer.lat
        chords, rows = look.chords[0].tolist(), look.row[0].tolist()
        return _confirmed_one(chords, rows, here, to_lon=to_lon, to_lat=to_lat)

    def within(
        self, lon: FloatArray, lat: FloatArray, *, reach_m: float
    ) -> list[list[tuple[int, float]]]:
        """Return (row, metres to the feature's edge) up to a reach, nearest first, then by row."""
        found: list[list[tuple[int, float]]] = [[] for _ in range(len(lon))]
        if len(self._rows) == 0 or len(lon) == 0:
            return found
        reach = chord(reach_m + self._max_radius_m) + _ROUNDING
        if len(lon) == 1:
            ball = self._tree.query_ball_point(unit_xyz(lon, lat)[0], reach)
            if len(ball) <= _FEW:
                return [self._within_few(float(lon[0]), float(lat[0]), ball, reach_m=reach_m)]
        balls = self._tree.query_ball_point(unit_xyz(lon, lat), reach)
        counts = np.fromiter(map(len, balls), dtype=np.int64, count=len(lon))
        if counts.sum() <= _FEW:
            return [
                self._within_few(lam, phi, ball, reach_m=reach_m)
                for lam, phi, ball in zip(lon.tolist(), lat.tolist(), balls, strict=True)
            ]
        point = np.repeat(np.arange(len(lon)), counts)
        local = np.concatenate([np.asarray(ball, dtype=np.int64) for ball in balls if ball])
        centre_m = geodesic_m_many(lon[point], lat[point], self._lon[local], self._lat[local])
        edge_m = np.maximum(0.0, centre_m - self._radius_m[local])
        keep = edge_m <= reach_m
        point, row, edge_m = point[keep], self._rows[local[keep]], edge_m[keep]
        order = np.lexsort((row, edge_m, point))
        listed = (column[order].tolist() for column in (point, row, edge_m))
        for at, feature, metres in zip(*listed, strict=True):
            found[at].append((feature, metres))
        return found

    def _within_few(
        self, lon: float, lat: float, ball: list[int], *, reach_m: float
    ) -> list[tuple[int, float]]:
        found: list[tuple[float, int]] = []
        for local in ball:
            there = Position(lon=float(self._lon[local]), lat=float(self._lat[local]))
            centre_m = geodesic_m(Position(lon=lon, lat=lat), there)
            edge_m = max(0.0, centre_m - float(self._radius_m[local]))
            if edge_m <= reach_m:
                found.append((edge_m, int(self._rows[local])))
        return [(row, edge_m) for edge_m, row in sorted(found)]


def confirmed(
    look: Look, lon: FloatArray, lat: FloatArray, *, to_lon: FloatArray, to_lat: FloatArray
) -> Nearest:
    """Return which of the features looked at (rows of `to_lon`, `to_lat`) is geodesically nearest.

    Right for the points whose look was wide enough, see `Look.near`.
    """
    if len(lon) <= _FEW:
        return _confirmed_few(look, lon, lat, to_lon=to_lon, to_lat=to_lat)
    near = look.near()
    point, column = np.nonzero(near)
    which = look.row[point, column]
    table = np.full(near.shape, np.inf)
    table[near] = geodesic_m_many(lon[point], lat[point], to_lon[which], to_lat[which])
    least_m = table.min(axis=1)
    row = np.where(table == least_m[:, None], look.row, np.iinfo(np.int64).max).min(axis=1)
    other = np.where(look.row[:, 0] == row, look.chords[:, 1], look.chords[:, 0])
    others_m = np.arcsin(np.minimum(other / 2.0, 1.0)) * _LEAST_M_A_RADIAN
    return Nearest(
        row=np.where(np.isfinite(least_m), row, -1),
        distance_m=least_m,
        others_m=np.where(np.isfinite(other), others_m, np.inf),
    )


def _confirmed_few(
    look: Look, lon: FloatArray, lat: FloatArray, *, to_lon: FloatArray, to_lat: FloatArray
) -> Nearest:
    """Do what `confirmed` does, point by point."""
    points = zip(look.chords.tolist(), look.row.tolist(), lon.tolist(), lat.tolist(), strict=True)
    found = [
        _confirmed_one(chords, rows, Position(lon=lam, lat=phi), to_lon=to_lon, to_lat=to_lat)
        for chords, rows, lam, phi in points
    ]
    row_of, distance_m, others_of = zip(*found, strict=True) if found else ((), (), ())
    return Nearest(
        row=np.array(row_of, dtype=np.int64),
        distance_m=np.array(distance_m, dtype=np.float64),
        others_m=np.array(others_of, dtype=np.float64),
    )


def _confirmed_one(
    chords: list[float],
    rows: list[int],
    here: Position,
    *,
    to_lon: FloatArray,
    to_lat: FloatArray,
) -> tuple[int, float, float]:
    limit = chords[0] * _SPHERE_RATIO + _ROUNDING
    least_m, row = min(
        (
            (geodesic_m(here, Position(lon=float(to_lon[at]), lat=float(to_lat[at]))), at)
            for apart, at in zip(chords, rows, strict=True)
            if apart <= limit and apart < math.inf
        ),
        default=(math.inf, -1),
    )
    other = chords[1] if rows[0] == row or row < 0 else chords[0]
    others_m = math.asin(min(other / 2.0, 1.0)) * _LEAST_M_A_RADIAN
    return row, least_m, others_m if other < math.inf else math.inf
