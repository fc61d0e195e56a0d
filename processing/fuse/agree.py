"""Which reports agree that they speak of one event: day, exercise mark, class, circles, actors."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from processing.fuse.actors import contradict
from processing.fuse.cells import MAX_RADIUS_M, is_fusible
from processing.fuse.columns import SightingColumns
from processing.fuse.order import UNKNOWN_CLASS
from schemas.geometry import (
    EARTH_RADIUS_M,
    SPHERE_MARGIN,
    FloatArray,
    Position,
    chord,
    geodesic_m,
    geodesic_m_many,
    unit_xyz,
)

RowArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Precise reports look no further than they must: one tree a band of radii.
_BANDS_M = np.array([1_000.0, 5_000.0, MAX_RADIUS_M])

# Below a millimetre the sphere's trigonometry is rounding: the geodesic decides.
_ROUNDING_M = 1e-3
_ROUNDING_CHORD = 1e-9

# Measuring so many pairs on the sphere costs less than building trees over a scene.
_FEW_PAIRS = 32_768
_REACH_CHORD = chord(2.0 * MAX_RADIUS_M) + _ROUNDING_CHORD

# Up to so many pairs are compared one by one: arrays only pay off beyond.
_FEW = 32


@dataclass(frozen=True)
class Agreement:
    """Finds the reports of a scene that agree with given ones. Prepared once a scene."""

    scene: SightingColumns

    @cached_property
    def is_fusible(self) -> Mask:
        """Which rows may meet others at all."""
        return is_fusible(self.scene.lon, self.scene.lat, self.scene.radius_m)

    def of(self, rows: Sequence[int]) -> list[frozenset[int]]:
        """Return, for each of these fusible rows, the rows that agree with it (not itself)."""
        if not rows:
            return []
        wanted = np.asarray(rows, dtype=np.int64)
        index, other = self._near(wanted)
        keep = self._may_be_one(wanted[index], other)
        index, other = index[keep], other[keep]
        order = np.argsort(index, kind="stable")
        found = other[order].tolist()
        ends = np.cumsum(np.bincount(index, minlength=len(rows))).tolist()
        starts = [0, *ends[:-1]]
        return [frozenset(found[a:b]) for a, b in zip(starts, ends, strict=True)]

    def separation_m(self, a: int, b: int) -> float:
        """Return the geodesic metres between two places, the same to the last bit both ways."""
        lon, lat = self.scene.lon, self.scene.lat
        one = Position(lon=float(lon[a]), lat=float(lat[a]))
        two = Position(lon=float(lon[b]), lat=float(lat[b]))
        swap = (one.lon, one.lat) > (two.lon, two.lat)
        return geodesic_m(two, one) if swap else geodesic_m(one, two)

    def _separations_m(self, a: RowArray, b: RowArray) -> FloatArray:
        lon, lat = self.scene.lon, self.scene.lat
        swap = (lon[a] > lon[b]) | ((lon[a] == lon[b]) & (lat[a] > lat[b]))
        first, second = np.where(swap, b, a), np.where(swap, a, b)
        return geodesic_m_many(lon[first], lat[first], lon[second], lat[second])

    # ------------------------------------------------------------------ circles

    @cached_property
    def _points(self) -> FloatArray:
        # The fourth axis keeps days and exercises further apart than any two places.
        apart = self.scene.day * 2 + np.fromiter(self.scene.exercise, np.int64, len(self.scene))
        places = unit_xyz(self.scene.lon, self.scene.lat)
        return np.column_stack((places, (apart - apart.min()).astype(np.float64)))

    @cached_property
    def _band(self) -> RowArray:
        return np.searchsorted(_BANDS_M, self.scene.radius_m, side="left")

    @cached_property
    def _trees(self) -> list[tuple[RowArray, cKDTree, float]]:
        """Rows, their tree and their largest radius in metres, one a band that has rows."""
        bands = [np.flatnonzero((self._band == b) & self.is_fusible) for b in range(len(_BANDS_M))]
        return [
            (rows, _tree(self._points[rows]), float(reach_m))
            for rows, reach_m in zip(bands, _BANDS_M, strict=True)
            if len(rows)
        ]

    def _near(self, wanted: RowArray) -> tuple[RowArray, RowArray]:
        """Pair (index into `wanted`, row) whose circles meet on the same day."""
        is_small = len(wanted) * len(self.scene) <= _FEW_PAIRS
        index, other, chords = self._each_to_each(wanted) if is_small else self._by_trees(wanted)
        meets = self._meets(wanted[index], other, chords)
        return index[meets], other[meets]

    def _each_to_each(self, wanted: RowArray) -> tuple[RowArray, RowArray, FloatArray]:
        apart = self._points[wanted][:, None, :] - self._points
        squares = np.einsum("ijk,ijk->ij", apart, apart)
        index, other = ((squares <= _REACH_CHORD**2) & self.is_fusible).nonzero()
        return index, other, np.sqrt(squares[index, other])

    def _by_trees(self, wanted: RowArray) -> tuple[RowArray, RowArray, FloatArray]:
        found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        bands = self._band[wanted]
        for band in np.unique(bands).tolist():
            asked = np.flatnonzero(bands == band)
            asking = _tree(self._points[wanted[asked]])
            for rows, tree, other_m in self._trees:
                limit = chord(float(_BANDS_M[band]) + other_m) + _ROUNDING_CHORD
                pairs = asking.sparse_distance_matrix(tree, limit, output_type="ndarray")
                found.append((asked[pairs["i"]], rows[pairs["j"]], pairs["v"]))
        index, other, chords = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return index, other, chords

    def _meets(self, a: RowArray, b: RowArray, chords: FloatArray) -> Mask:
        """Say which circles meet: by the sphere where that is sure, else geodesically."""
        reach_m = self.scene.radius_m[a] + self.scene.radius_m[b]
        sphere_m = 2.0 * EARTH_RADIUS_M * np.arcsin(np.minimum(chords / 2.0, 1.0))
        surely = sphere_m * SPHERE_MARGIN + _ROUNDING_M <= reach_m
        maybe = ~surely & (sphere_m <= reach_m * SPHERE_MARGIN + _ROUNDING_M)
        meets: Mask = surely
        unsure = np.flatnonzero(maybe)
        if len(unsure):
            meets[unsure] = self._separations_m(a[unsure], b[unsure]) <= reach_m[unsure]
        return meets

    # ------------------------------------------------------------------ class and actors

    def _may_be_one(self, a: RowArray, b: RowArray) -> Mask:
        """Say which pairs differ and contradict each other neither in class nor in actors.

        Few kinds of reports meet in many pairs, so each two kinds are compared once.
        """
        if len(a) <= _FEW:
            pairs = zip(a.tolist(), b.tolist(), strict=True)
            return np.array([p != q and self._may_be_one_pair(p, q) for p, q in pairs], np.bool_)
        scene = self.scene
        rows, at = np.unique(np.concatenate((a, b)), return_inverse=True)
        kinds = [
            (scene.event_class[row], scene.actors[row], scene.actor_types[row])
            for row in rows.tolist()
        ]
        kind_a, kind_b = _codes(kinds)[at].reshape(2, -1)
        _, first, back = np.unique(
            kind_a * len(kinds) + kind_b, return_index=True, return_inverse=True
        )
        examples = zip(a[first].tolist(), b[first].tolist(), strict=True)
        verdicts = np.fromiter((self._may_be_one_pair(*pair) for pair in examples), np.bool_)
        return np.asarray(verdicts[back] & (a != b))

    def _may_be_one_pair(self, a: int, b: int) -> bool:
        scene = self.scene
        class_a, class_b = scene.event_class[a], scene.event_class[b]
        if class_a != class_b and UNKNOWN_CLASS not in (class_a, class_b):
            return False
        return not contradict(
            scene.actors[a], scene.actor_types[a], scene.actors[b], scene.actor_types[b]
        )


def _tree(points: FloatArray) -> cKDTree:
    # A tree is asked once or a few times: a quick build is worth more than a balanced tree.
    return cKDTree(points, balanced_tree=False, compact_nodes=False)


def _codes(values: Iterable[Hashable]) -> RowArray:
    """Return a small number for each value, the same for equal ones."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(v, len(numbers)) for v in values], dtype=np.int64)
