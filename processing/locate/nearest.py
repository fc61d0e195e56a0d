"""Nearest and within, geodesically exact, over the points of one layer.

Candidates are chosen on the unit sphere by a k-d tree and confirmed on the ellipsoid: a sphere's
distance differs from the geodesic by at most 0.56 %, so the nearest on the ellipsoid is never
farther on the sphere than the nearest there times (1 + 0.0056) / (1 - 0.0056).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from processing.locate.layers import LayerColumns
from schemas.geometry import EARTH_RADIUS_M, SPHERE_MARGIN, chord, geodesic_m_many, unit_xyz

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SPHERE_RATIO = 1.0113
# Above the rounding of unit vectors: 6 micrometres on the ground, for points on a feature.
_ROUNDING = 1e-12
# The second tells whether the first is surely the nearest; one more makes a second look rare.
_FIRST_LOOK = 3
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


class PointIndex:
    """A k-d tree over some rows of a layer. Points asked for must be finite."""

    def __init__(self, layer: LayerColumns, rows: IntArray) -> None:
        self._rows = rows
        self._lon = layer.lon[rows]
        self._lat = layer.lat[rows]
        self._radius_m = layer.radius_m[rows]
        self._max_radius_m = float(self._radius_m.max()) if len(rows) else 0.0
        self._tree = cKDTree(unit_xyz(self._lon, self._lat))

    def nearest(self, lon: FloatArray, lat: FloatArray) -> Nearest:
        """Return the nearest feature's point to each point, whatever the features' own radii."""
        n, size = len(lon), len(self._rows)
        nearest = Nearest(
            row=np.full(n, -1, dtype=np.int64),
            distance_m=np.full(n, np.inf),
            others_m=np.full(n, np.inf),
        )
        left = np.arange(n)
        k = min(_FIRST_LOOK, size)
        while len(left) and k:
            short = self._look(nearest, left, lon=lon[left], lat=lat[left], k=k)
            # Rare: many features at nearly one distance. Look at those points again, wider.
            left = left[short] if k < size else left[:0]
            k = min(k * 4, size)
        return nearest

    def within(
        self, lon: FloatArray, lat: FloatArray, *, reach_m: float
    ) -> list[list[tuple[int, float]]]:
        """Return (row, metres to the feature's edge) up to a reach, nearest first, then by row."""
        found: list[list[tuple[int, float]]] = [[] for _ in range(len(lon))]
        if len(self._rows) == 0 or len(lon) == 0:
            return found
        balls = self._tree.query_ball_point(
            unit_xyz(lon, lat), chord(reach_m + self._max_radius_m) + _ROUNDING
        )
        counts = np.fromiter(map(len, balls), dtype=np.int64, count=len(lon))
        if not counts.any():
            return found
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

    def _look(
        self, nearest: Nearest, at: IntArray, *, lon: FloatArray, lat: FloatArray, k: int
    ) -> BoolArray:
        """Fill in the nearest of some points; say for which the k nearest were too few to tell."""
        chords, local = self._tree.query(unit_xyz(lon, lat), k=np.arange(1, k + 1))
        near = chords <= chords[:, :1] * _SPHERE_RATIO + _ROUNDING
        point, column = np.nonzero(near)
        which = local[point, column]
        metres = geodesic_m_many(lon[point], lat[point], self._lon[which], self._lat[which])
        best, best_m = local[:, 0], metres
        if len(point) > len(at):
            best, best_m = _first_of_least(local, near, metres)
        nearest.row[at] = self._rows[best]
        nearest.distance_m[at] = best_m
        if k > 1:
            other = np.where(local[:, 0] == best, chords[:, 1], chords[:, 0])
            nearest.others_m[at] = np.arcsin(np.minimum(other / 2.0, 1.0)) * _LEAST_M_A_RADIAN
        return np.asarray(near[:, -1])


def _first_of_least(
    local: IntArray, near: BoolArray, metres: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return for each row the least of the metres (of its near ones), and the first that has it."""
    table = np.full(near.shape, np.inf)
    table[near] = metres
    least_m = table.min(axis=1)
    last = np.iinfo(np.int64).max
    return np.where(table == least_m[:, None], local, last).min(axis=1), least_m
