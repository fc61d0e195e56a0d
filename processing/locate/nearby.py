"""What lies nearest to points in several layers at once."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from processing.locate.epochs import Epochs
from processing.locate.layers import LayerSet
from processing.locate.nearest import FIRST_LOOK, Look, Nearest, PointIndex, confirmed
from schemas.geometry import Position, unit_xyz
from schemas.layer import Feature, LayerKind

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# A `schemas.incident.Nearby` as JSON, without the fields at their default: what is near is only
# ever stored, so no model is made of it.
Near = dict[str, object]

NEARBY_LAYERS = (
    LayerKind.SETTLEMENT,
    LayerKind.HEALTH,
    LayerKind.CIVILIAN_SITE,
    LayerKind.AIRFIELD,
    LayerKind.UN_BASE,
)


class NearbyIndex:
    """The nearest feature of each of NEARBY_LAYERS.

    The trees are asked layer by layer; all that they found is confirmed at once, since a small
    batch costs as many array operations as a large one.
    """

    def __init__(self, layers: LayerSet) -> None:
        columns = [layers.layer(kind) for kind in NEARBY_LAYERS]
        self._points = [Epochs(layer, partial(PointIndex, layer)) for layer in columns]
        # All layers' features are numbered in one row after the other.
        self._first = np.cumsum([0, *map(len, columns)])[:-1]
        self._lon = np.concatenate([layer.lon for layer in columns])
        self._lat = np.concatenate([layer.lat for layer in columns])
        self._facts = [_facts(feature) for layer in columns for feature in layer.features]

    def of(
        self, lon: FloatArray, lat: FloatArray, *, day: IntArray, radius_m: FloatArray
    ) -> list[tuple[Near, ...]]:
        """Return what is near finite points; see `Locator.nearby`."""
        if len(lon) == 0:
            return []
        if len(lon) == 1:
            return self._of_one(lon, lat, day=int(day[0]), radius_m=float(radius_m[0]))
        nearest = self._nearest(lon, lat, day)
        certain = nearest.others_m >= nearest.distance_m + 2.0 * np.tile(
            radius_m, len(NEARBY_LAYERS)
        )
        metres = np.round(nearest.distance_m, 1)
        by_point = (
            column.reshape(len(NEARBY_LAYERS), -1).T.tolist()
            for column in (nearest.row, metres, certain)
        )
        return [
            tuple(
                [
                    _near(self._facts[row], distance_m, is_certain)
                    for row, distance_m, is_certain in zip(*found, strict=True)
                    if row >= 0
                ]
            )
            for found in zip(*by_point, strict=True)
        ]

    def _of_one(
        self, lon: FloatArray, lat: FloatArray, *, day: int, radius_m: float
    ) -> list[tuple[Near, ...]]:
        """Do what `of` does for one point, without arrays over layers."""
        xyz, here = unit_xyz(lon, lat), Position(lon=float(lon[0]), lat=float(lat[0]))
        listed: list[Near] = []
        for first, points in zip(self._first.tolist(), self._points, strict=True):
            row, distance_m, others_m = points.on(day).nearest_one(xyz, here)
            if row >= 0:
                # As numpy rounds: to the nearest tenth of the product.
                metres = round(distance_m * 10.0) / 10.0
                is_certain = others_m >= distance_m + 2.0 * radius_m
                listed.append(_near(self._facts[first + row], metres, is_certain))
        return [tuple(listed)]

    def _nearest(self, lon: FloatArray, lat: FloatArray, day: IntArray) -> Nearest:
        """Return the nearest of each layer, all points of one layer after those of another."""
        n, xyz = len(lon), unit_xyz(lon, lat)
        first = int(day[0])
        # As a small batch mostly is.
        is_one_day = bool((day == first).all())
        chords = np.full((len(self._points), n, FIRST_LOOK), np.inf)
        row = np.full((len(self._points), n, FIRST_LOOK), -1)
        for number, points in enumerate(self._points):
            whole = ((points.on(first), slice(None)),) if is_one_day else ()
            for index, part in whole or points.parts(day):
                if len(index):
                    look = index.look(xyz[part])
                    chords[number, part] = look.chords
                    row[number, part] = look.row + self._first[number]
        look = Look(chords=chords.reshape(-1, FIRST_LOOK), row=row.reshape(-1, FIRST_LOOK))
        every_lon, every_lat = np.tile(lon, len(self._points)), np.tile(lat, len(self._points))
        nearest = confirmed(look, every_lon, every_lat, to_lon=self._lon, to_lat=self._lat)
        short = look.short()
        for number in sorted({*(short // n).tolist()}):
            at = short[short // n == number]
            self._look_wider(nearest, at, lon=every_lon[at], lat=every_lat[at], day=day[at % n])
        return nearest

    def _look_wider(
        self, nearest: Nearest, at: IntArray, *, lon: FloatArray, lat: FloatArray, day: IntArray
    ) -> None:
        """Find again what the first look was too narrow for, in the layer of those points."""
        number = int(at[0]) * len(self._points) // len(nearest.row)
        for index, part in self._points[number].parts(day):
            wider = index.nearest(lon[part], lat[part])
            nearest.row[at[part]] = wider.row + self._first[number]
            nearest.distance_m[at[part]] = wider.distance_m
            nearest.others_m[at[part]] = wider.others_m


def _near(facts: Near, distance_m: float, is_certain: bool) -> Near:  # noqa: FBT001 - a column
    if is_certain:
        return {**facts, "distance_m": distance_m}
    return {**facts, "distance_m": distance_m, "certain": False}


def _facts(feature: Feature) -> Near:
    return {
        "feature_id": feature.feature_id,
        "layer": feature.layer.value,
        "kind": feature.kind,
        "name": feature.name,
    }
