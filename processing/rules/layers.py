"""What rules ask of the mission's geography: features, and what lies within a reach of a point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from typing_extensions import override

from processing.rules.cells import cover, polygon_cells
from processing.rules.window import FloatArray, IntArray
from schemas.geometry import geodesic_m_many
from schemas.layer import Feature


class Layers(Protocol):
    """The layers of a mission at one version. `processing.locate` provides it."""

    def features(self, layer: str) -> Sequence[Feature]:
        """Return the features of a layer, in a fixed order; an unknown layer has none."""

    def within(
        self,
        lon: FloatArray,
        lat: FloatArray,
        day: IntArray,
        *,
        layer: str,
        kinds: tuple[str, ...],
        reach_m: float,
    ) -> list[list[tuple[int, float]]]:
        """Pair each point with (row in `features`, geodesic metres to the edge) up to a reach.

        Only features that were valid on the point's day count, and only of the kinds given (all
        when none is). Inside a feature the distance is 0. Points are finite.
        """


class Areas:
    """The admin areas of some layers by P-code, with the cells that cover them."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._cells: dict[str, frozenset[int]] = {}

    @cached_property
    def _features(self) -> Mapping[str, Feature]:
        found = (*self._layers.features("adm1"), *self._layers.features("adm2"))
        return {feature.feature_id: feature for feature in found}

    @cached_property
    def counties(self) -> int:
        """The number of areas of level 2."""
        return len(self._layers.features("adm2"))

    def get(self, pcode: str) -> Feature | None:
        """Return an area of level 1 or 2, or None."""
        return self._features.get(pcode)

    def name(self, pcode: str) -> str:
        """Return the name of an area, or its code when it is in no layer."""
        feature = self.get(pcode)
        return feature.name if feature else pcode

    def parent(self, pcode: str) -> str:
        """Return the area that an area lies in, "" when nobody says."""
        feature = self.get(pcode)
        return (feature.parent_id or "") if feature else ""

    def cells4(self, pcode: str) -> frozenset[int]:
        """Return every resolution-4 cell that touches an area; none when it is in no layer."""
        if pcode not in self._cells:
            feature = self.get(pcode)
            self._cells[pcode] = _cells_of(feature) if feature else frozenset()
        return self._cells[pcode]


class _Same:
    """A key that is equal only for one and the same object."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.layers is self.layers

    @override
    def __hash__(self) -> int:
        return id(self.layers)


def areas_of(layers: Layers) -> Areas:
    """Return the admin areas of some layers; made once for as long as the layers are in use."""
    return _areas(_Same(layers))


# Two: while a mission's layers are being replaced, batches of both versions are on their way.
@lru_cache(maxsize=2)
def _areas(same: _Same) -> Areas:
    return Areas(same.layers)


def extent_m(feature: Feature) -> float:
    """Return how far a feature reaches from its point: its radius, or its farthest corner."""
    corners = np.array(_corners(feature), dtype=np.float64).reshape(-1, 2)
    if not len(corners):
        return feature.radius_m
    far = geodesic_m_many(feature.lon, feature.lat, corners[:, 0], corners[:, 1]).max()
    return max(feature.radius_m, float(far))


def _cells_of(feature: Feature) -> frozenset[int]:
    geometry = feature.geometry
    if geometry and geometry.get("type") in {"Polygon", "MultiPolygon"}:
        return polygon_cells(geometry)
    return cover(feature.lon, feature.lat, extent_m(feature))


def _corners(feature: Feature) -> list[float]:
    """Return the coordinates of a feature's geometry, flat, as longitude and latitude in turn."""
    flat: list[float] = []
    stack = [feature.geometry.get("coordinates", [])] if feature.geometry else []
    while stack:
        part = stack.pop()
        if part and isinstance(part[0], int | float):
            flat += [float(part[0]), float(part[1])]
        else:
            stack += part
    return flat if all(map(math.isfinite, flat)) else []
