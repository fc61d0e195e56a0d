"""Where reports are: their position, their areas, and what lies near."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache, partial

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

from processing.locate.admin import Admin
from processing.locate.columns import LocatedColumns, PlaceColumns
from processing.locate.epochs import Epochs
from processing.locate.layers import LayerSet
from processing.locate.nearby import Near, NearbyIndex
from processing.locate.nearest import PointIndex
from processing.locate.resolve import Resolver
from schemas.layer import Feature

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


_PLACES_KEPT = 32_768


class Locator:
    """Answers where, for one version of the layers.

    Indexes are built when first needed (some 10 ms for a mission's layers) and kept: make one
    Locator a version, not one a batch. Answers depend on the layers alone.
    """

    def __init__(self, layers: LayerSet) -> None:
        self.layers = layers
        self._resolver = Resolver(layers)
        self._admin = Admin(layers)
        self._points = {
            kind: Epochs(columns, partial(PointIndex, columns))
            for kind, columns in layers.columns.items()
        }
        self._nearby = NearbyIndex(layers)
        # Rules ask again for the places of the same flags, batch after batch.
        self._within_of_one = lru_cache(maxsize=_PLACES_KEPT)(self._find_within)

    def locate(self, places: PlaceColumns) -> LocatedColumns:
        """Place a batch, row by row in its order. What cannot be resolved stays without place."""
        resolved = self._resolver.resolve(places)
        placed = np.flatnonzero(np.isfinite(resolved.lon))
        areas = self._admin.of(resolved, placed, day=places.day)
        return LocatedColumns(
            lon=resolved.lon,
            lat=resolved.lat,
            radius_m=resolved.radius_m,
            place_from=resolved.place_from,
            cell4=_cells(resolved.lon, resolved.lat, placed, resolution=4),
            adm1=areas.adm1,
            adm2=areas.adm2,
            adm2_candidates=areas.adm2_candidates,
        )

    def nearby(
        self, lon: FloatArray, lat: FloatArray, day: IntArray, radius_m: FloatArray | None = None
    ) -> list[tuple[Near, ...]]:
        """Return the nearest feature of each layer of NEARBY_LAYERS that was valid on the day.

        Distances are to the features' points, in metres to a decimetre. One is certain when it is
        the nearest from wherever within the radius (NaN or None: 0) the true place may be. Rows
        without a finite position get nothing; layers without a valid feature are left out.
        """
        placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        radii = np.zeros(len(placed)) if radius_m is None else np.nan_to_num(radius_m[placed])
        listed = self._nearby.of(lon[placed], lat[placed], day=day[placed], radius_m=radii)
        found: list[tuple[Near, ...]] = [()] * len(lon)
        for at, near in zip(placed.tolist(), listed, strict=True):
            found[at] = near
        return found

    def within(
        self,
        lon: FloatArray,
        lat: FloatArray,
        day: IntArray,
        *,
        layer: str,
        kinds: Collection[str],
        reach_m: float,
    ) -> list[list[tuple[int, float]]]:
        """For each point list the features of a layer whose edge lies within reach, nearest first.

        A pair is (row in `features(layer)`, geodesic metres to the edge: the distance to the point
        less its `radius_m`, at least 0). Only features valid on the point's day and of one of
        `kinds` (none: of any kind) count; a point without a finite position gets an empty list.
        """
        if len(lon) == 1:
            place = float(lon[0]), float(lat[0]), int(day[0])
            return [list(self._within_of_one(place, layer, frozenset(kinds), reach_m))]
        return self._within(lon, lat, day, layer=layer, kinds=kinds, reach_m=reach_m)

    def _find_within(
        self, place: tuple[float, float, int], layer: str, kinds: frozenset[str], reach_m: float
    ) -> tuple[tuple[int, float], ...]:
        lon, lat, day = (np.array([one]) for one in place)
        return tuple(self._within(lon, lat, day, layer=layer, kinds=kinds, reach_m=reach_m)[0])

    def _within(
        self,
        lon: FloatArray,
        lat: FloatArray,
        day: IntArray,
        *,
        layer: str,
        kinds: Collection[str],
        reach_m: float,
    ) -> list[list[tuple[int, float]]]:
        found: list[list[tuple[int, float]]] = [[] for _ in range(len(lon))]
        placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        features = self.features(layer)
        if not features:
            return found
        for index, part in self._points[layer].parts(day[placed]):
            at = placed[part]
            listed = index.within(lon[at], lat[at], reach_m=reach_m)
            for point, pairs in zip(at.tolist(), listed, strict=True):
                if pairs:
                    found[point] = [
                        pair for pair in pairs if not kinds or features[pair[0]].kind in kinds
                    ]
        return found

    def features(self, layer: str) -> Sequence[Feature]:
        """Return a layer's features in order of feature_id: the rows that `within` counts by.

        An unknown layer has none.
        """
        return self.layers.layer(layer).features

    def place_name(self, pcode: str) -> str:
        """Return the name of an admin area, or the P-code itself when no layer has it."""
        return self._admin.name(pcode)

    def parent(self, pcode: str) -> str:
        """Return the P-code of the area above, "" for a country or an unknown code."""
        return self._admin.parent(pcode)


def _cells(lon: FloatArray, lat: FloatArray, placed: IntArray, *, resolution: int) -> IntArray:
    cells = np.zeros(len(lon), dtype=np.int64)
    to_cell = h3.latlng_to_cell
    cells[placed] = [
        to_cell(phi, lam, resolution)
        for lam, phi in zip(lon[placed].tolist(), lat[placed].tolist(), strict=True)
    ]
    return cells
