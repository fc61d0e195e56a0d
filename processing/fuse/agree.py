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
    chord,
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


def separation_m(scene: SightingColumns, a: RowArray, b: RowArray) -> FloatArray:
    """Return the geodesic metres between places, the same to the last bit in both directions."""
    lon, lat = scene.lon, scene.lat
    swap = (lon[a] > lon[b]) | ((lon[a] == lon[b]) & (lat[a] > lat[b]))
    first, second = np.where(swap, b, a), np.where(swap, a, b)
    return geodesic_m_many(lon[first], lat[first], lon[second], lat[second])


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
        keep = self._same_class(wanted[index], other) & (wanted[index] != other)
        index, other = index[keep], other[keep]
        keep = self._actors_fit(wanted[index], other)
        index, other = index[keep], other[keep]
        order = np.argsort(index, kind="stable")
        found = other[order].tolist()
        ends = np.cumsum(np.bincount(index, minlength=len(rows))).tolist()
        starts = [0, *ends[:-1]]
        return [frozenset(found[a:b]) for a, b in zip(starts, ends, strict=True)]

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
    def _trees(self) -> list[tuple[RowArray, cKDTree]]:
        trees = []
        for band in range(len(_BANDS_M)):
            rows = np.flatnonzero((self._band == band) & self.is_fusible)
            trees.append((rows, cKDTree(self._points[rows]) if len(rows) else None))
        return trees

    def _near(self, wanted: RowArray) -> tuple[RowArray, RowArray]:
        """Pair (index into `wanted`, row) whose circles meet on the same day."""
        index: list[RowArray] = []
        other: list[RowArray] = []
        for band, reach_m in enumerate(_BANDS_M):
            asked = np.flatnonzero(self._band[wanted] == band)
            if not len(asked):
                continue
            asking = cKDTree(self._points[wanted[asked]])
            for (rows, tree), other_m in zip(self._trees, _BANDS_M, strict=True):
                if tree is None:
                    continue
                limit = chord(float(reach_m + other_m)) + _ROUNDING_CHORD
                found = asking.sparse_distance_matrix(tree, limit, output_type="ndarray")
                meets = self._meets(wanted[asked[found["i"]]], rows[found["j"]], found["v"])
                index.append(asked[found["i"][meets]])
                other.append(rows[found["j"][meets]])
        if not index:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(index), np.concatenate(other)

    def _meets(self, a: RowArray, b: RowArray, chords: FloatArray) -> Mask:
        """Say which circles meet: by the sphere where that is sure, else geodesically."""
        reach_m = self.scene.radius_m[a] + self.scene.radius_m[b]
        sphere_m = 2.0 * EARTH_RADIUS_M * np.arcsin(np.minimum(chords / 2.0, 1.0))
        surely = sphere_m * SPHERE_MARGIN + _ROUNDING_M <= reach_m
        maybe = ~surely & (sphere_m <= reach_m * SPHERE_MARGIN + _ROUNDING_M)
        meets: Mask = surely
        unsure = np.flatnonzero(maybe)
        meets[unsure] = separation_m(self.scene, a[unsure], b[unsure]) <= reach_m[unsure]
        return meets

    # ------------------------------------------------------------------ class and actors

    @cached_property
    def _class(self) -> RowArray:
        return _codes(self.scene.event_class, first=UNKNOWN_CLASS)

    def _same_class(self, a: RowArray, b: RowArray) -> Mask:
        class_a, class_b = self._class[a], self._class[b]
        return np.asarray((class_a == class_b) | (class_a == 0) | (class_b == 0))

    @cached_property
    def _parties(self) -> RowArray:
        return _codes(zip(self.scene.actors, self.scene.actor_types, strict=True), first=((), ()))

    def _actors_fit(self, a: RowArray, b: RowArray) -> Mask:
        """Say which pairs' actors do not contradict; each two sets of parties are compared once."""
        parties_a, parties_b = self._parties[a], self._parties[b]
        fit: Mask = parties_a == parties_b
        fit |= (parties_a == 0) | (parties_b == 0)
        unsure = np.flatnonzero(~fit)
        if not len(unsure):
            return fit
        width = int(self._parties.max()) + 1
        pair, first, back = np.unique(
            parties_a[unsure] * width + parties_b[unsure], return_index=True, return_inverse=True
        )
        verdicts = np.fromiter(
            (self._fits(int(a[unsure[at]]), int(b[unsure[at]])) for at in first), bool, len(pair)
        )
        fit[unsure] = verdicts[back]
        return fit

    def _fits(self, a: int, b: int) -> bool:
        scene = self.scene
        return not contradict(
            scene.actors[a], scene.actor_types[a], scene.actors[b], scene.actor_types[b]
        )


def _codes(values: Iterable[Hashable], *, first: Hashable) -> RowArray:
    """Return a small number for each value; `first` is 0."""
    numbers: dict[Hashable, int] = {first: 0}
    return np.array([numbers.setdefault(v, len(numbers)) for v in values], dtype=np.int64)
