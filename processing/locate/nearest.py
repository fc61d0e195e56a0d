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
from schemas.geometry import chord, geodesic_m_many, unit_xyz

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SPHERE_RATIO = 1.0113
# Below the rounding of unit vectors (6 micrometres on the ground), for points on a feature.
_ROUNDING = 1e-12
# The second nearest tells whether the first is certain; two more make a second look rare.
_FIRST_LOOK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """For each point the nearest feature's row, its geodesic metres, and the runner-up's metres.

    Row -1 and infinity mean that there is none. Of two equally near the lower row is taken.
    """

    row: IntArray
    distance_m: FloatArray
    runner_up_m: FloatArray


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
        if size == 0 or n == 0:
            nothing = np.full(n, np.inf)
            return Nearest(
                row=np.full(n, -1, dtype=np.int64), distance_m=nothing, runner_up_m=nothing
            )
        xyz = unit_xyz(lon, lat)
        k = min(_FIRST_LOOK, size)
        found = self._candidates(lon, lat, xyz=xyz, k=k)
        short = found.short
        while k < size and short.any():
            # Rare: many features at nearly one distance. Look at those points alone, wider.
            k = min(k * 4, size)
            again = np.flatnonzero(short)
            wider = self._candidates(lon[again], lat[again], xyz=xyz[again], k=k)
            for name in ("row", "distance_m", "runner_up_m"):
                getattr(found, name)[again] = getattr(wider, name)
            short[again] = wider.short
        return Nearest(row=found.row, distance_m=found.distance_m, runner_up_m=found.runner_up_m)

    def within(
        self, lon: FloatArray, lat: FloatArray, *, reach_m: float
    ) -> list[list[tuple[int, float]]]:
        """Return (row, metres to the feature's edge) up to a reach, nearest first, then by row."""
        found: list[list[tuple[int, float]]] = [[] for _ in range(len(lon))]
        if len(self._rows) == 0 or len(lon) == 0:
            return found
        balls = self._tree.query_ball_point(unit_xyz(lon, lat), chord(reach_m + self._max_radius_m))
        counts = np.fromiter((len(ball) for ball in balls), dtype=np.int64, count=len(lon))
        if not counts.any():
            return found
        point = np.repeat(np.arange(len(lon)), counts)
        local = np.concatenate([np.asarray(ball, dtype=np.int64) for ball in balls if ball])
        centre_m = geodesic_m_many(lon[point], lat[point], self._lon[local], self._lat[local])
        edge_m = np.maximum(0.0, centre_m - self._radius_m[local])
        keep = edge_m <= reach_m
        point, row, edge_m = point[keep], self._rows[local[keep]], edge_m[keep]
        order = np.lexsort((row, edge_m, point))
        rows_m = zip(
            point[order].tolist(), row[order].tolist(), edge_m[order].tolist(), strict=True
        )
        for at, feature, metres in rows_m:
            found[at].append((feature, metres))
        return found

    def _candidates(self, lon: FloatArray, lat: FloatArray, *, xyz: FloatArray, k: int) -> _Look:
        chords, local = self._tree.query(xyz, k=np.arange(1, k + 1))
        limit = chords[:, 0] * _SPHERE_RATIO + _ROUNDING
        metres = geodesic_m_many(lon[:, None], lat[:, None], self._lon[local], self._lat[local])
        best_m = metres.min(axis=1)
        best = np.where(metres == best_m[:, None], local, len(self._rows)).min(axis=1)
        others = np.where(local == best[:, None], np.inf, metres)
        return _Look(
            row=self._rows[best],
            distance_m=best_m,
            runner_up_m=others.min(axis=1),
            short=chords[:, k - 1] <= limit,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    row: IntArray
    distance_m: FloatArray
    runner_up_m: FloatArray
    short: npt.NDArray[np.bool_]
