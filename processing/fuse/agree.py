"""Which reports agree that they speak of one event: day, exercise mark, class, circles, actors."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processing.fuse.actors import contradict
from processing.fuse.cells import MAX_RADIUS_M, is_fusible
from processing.fuse.columns import SightingColumns
from processing.fuse.order import UNKNOWN_CLASS
from schemas.geometry import (
    EARTH_RADIUS_M,
    SPHERE_MARGIN,
    FloatArray,
    Position,
    geodesic_m,
    geodesic_m_many,
)

RowArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Precise reports look no further than they must: rows are searched by bands of radii.
_BANDS_M = (5_000.0, MAX_RADIUS_M)

# Below a millimetre the sphere's trigonometry is rounding: the geodesic decides.
_ROUNDING_M = 1e-3
_ROUNDING_CHORD = 1e-9

# So many candidates are looked at at once: some 20 MB.
_MOST_PAIRS = 262_144

# Up to so many pairs are compared one by one: to number their kinds only pays off beyond.
_FEW = 1_024


class _Band(NamedTuple):
    """The rows with radii of one band, in order of their keys."""

    rows: RowArray
    keys: FloatArray
    radius_m: float


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
        first, second = self.scene.sightings[a], self.scene.sightings[b]
        one = Position(lon=first.lon, lat=first.lat)
        two = Position(lon=second.lon, lat=second.lat)
        swap = (one.lon, one.lat) > (two.lon, two.lat)
        return geodesic_m(two, one) if swap else geodesic_m(one, two)

    def _separations_m(self, a: RowArray, b: RowArray) -> FloatArray:
        lon, lat = self.scene.lon, self.scene.lat
        swap = (lon[a] > lon[b]) | ((lon[a] == lon[b]) & (lat[a] > lat[b]))
        first, second = np.where(swap, b, a), np.where(swap, a, b)
        return geodesic_m_many(lon[first], lat[first], lon[second], lat[second])

    # ------------------------------------------------------------------ circles

    @cached_property
    def _bands(self) -> list[_Band]:
        scene, found = self.scene, []
        least_m = -1.0
        for most_m in _BANDS_M:
            is_here = self.is_fusible & (scene.radius_m > least_m) & (scene.radius_m <= most_m)
            rows = np.flatnonzero(is_here)
            if len(rows):
                rows = rows[np.argsort(scene.key[rows])]
                widest_m = float(scene.radius_m[rows].max())
                found.append(_Band(rows=rows, keys=scene.key[rows], radius_m=widest_m))
            least_m = most_m
        return found

    def _near(self, wanted: RowArray) -> tuple[RowArray, RowArray]:
        """Pair (index into `wanted`, row) whose circles meet on the same day."""
        pairs = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        for band in self._bands:
            for index, other in self._candidates(wanted, band):
                meets = self._meets(wanted[index], other)
                pairs.append((index[meets], other[meets]))
        index, other = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        return index, other

    def _candidates(self, wanted: RowArray, band: _Band) -> Iterator[tuple[RowArray, RowArray]]:
        """Pair (index into `wanted`, row of the band) whose keys let them meet, by parts.

        Keys differ by no more than places do, and a chord is shorter than its arc.
        """
        scene = self.scene
        reach_m = scene.radius_m[wanted] + band.radius_m
        reach = reach_m * (SPHERE_MARGIN / EARTH_RADIUS_M) + _ROUNDING_CHORD
        key = scene.key[wanted]
        begin = np.searchsorted(band.keys, key - reach, side="left")
        count = np.searchsorted(band.keys, key + reach, side="right") - begin
        until = np.cumsum(count)
        for part in _parts(until):
            many = count[part]
            index = np.repeat(np.arange(part.start, part.stop), many)
            skipped = begin[part] - (until[part] - many) + (until[part] - many)[:1]
            yield index, band.rows[np.arange(len(index)) + np.repeat(skipped, many)]

    def _meets(self, a: RowArray, b: RowArray) -> Mask:
        """Say which circles meet: by the sphere where that is sure, else geodesically."""
        xyz = self.scene.xyz
        apart = xyz[:, a] - xyz[:, b]
        chords = np.sqrt(np.einsum("ij,ij->j", apart, apart))
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
        rows, at = np.unique(np.concatenate((a, b)), return_inverse=True)
        said = [self.scene.sightings[row] for row in rows.tolist()]
        kinds = [(one.event_class, one.actors, one.actor_types) for one in said]
        kind_a, kind_b = _codes(kinds)[at].reshape(2, -1)
        _, first, back = np.unique(
            kind_a * len(kinds) + kind_b, return_index=True, return_inverse=True
        )
        examples = zip(a[first].tolist(), b[first].tolist(), strict=True)
        verdicts = np.fromiter((self._may_be_one_pair(*pair) for pair in examples), np.bool_)
        return np.asarray(verdicts[back] & (a != b))

    def _may_be_one_pair(self, a: int, b: int) -> bool:
        one, two = self.scene.sightings[a], self.scene.sightings[b]
        if one.event_class != two.event_class and UNKNOWN_CLASS not in (
            one.event_class,
            two.event_class,
        ):
            return False
        return not contradict(one.actors, one.actor_types, two.actors, two.actor_types)


def _parts(until: RowArray) -> Iterator[slice]:
    """Cut what was counted up into parts that are not too large, or of one only."""
    start = 0
    while start < len(until):
        before = int(until[start - 1]) if start else 0
        stop = int(np.searchsorted(until, before + _MOST_PAIRS, side="right"))
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop


def _codes(values: Iterable[Hashable]) -> RowArray:
    """Return a small number for each value, the same for equal ones."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(v, len(numbers)) for v in values], dtype=np.int64)
