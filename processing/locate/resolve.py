"""From what a report says of its place to a position and a radius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processing.locate.areas import covering_radius_m
from processing.locate.columns import PlaceColumns
from processing.locate.layers import LayerSet
from processing.locate.names import PlaceNames
from processing.locate.precision import COUNTY_M, VILLAGE_M
from schemas.geometry import LAT_LIMIT, LON_LIMIT
from schemas.layer import Feature, LayerKind

FloatArray = npt.NDArray[np.float64]

DEGREES, MGRS, PCODE, PLACE_NAME, UNRESOLVED = (
    "degrees",
    "mgrs",
    "pcode",
    "place_name",
    "unresolved",
)
ADMIN_LAYERS = (LayerKind.ADM2, LayerKind.ADM1, LayerKind.ADM0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Positions, NaN where unresolved. `stated` names the area that a row gave as its place.

    A position whose radius is NaN is known to a state or worse (P7).
    """

    lon: FloatArray
    lat: FloatArray
    radius_m: FloatArray
    place_from: list[str]
    stated: dict[int, Feature]


class Resolver:
    """Resolves places in a fixed order: decoded coordinates, then the P-code, then the name.

    A P-code is worth its area: the position of its feature with the radius that covers its
    polygon, whatever radius the report states, since only the whole of it is sure to hold the true
    place. The id of a settlement, site or base is accepted as a code too.
    """

    def __init__(self, layers: LayerSet) -> None:
        self._names = PlaceNames(layers)
        self._coded = {
            feature.feature_id: feature
            for kind in (*reversed(LayerKind), *reversed(ADMIN_LAYERS))
            for feature in layers.layer(kind).features
        }
        self._radius_m: dict[str, float] = {}

    def resolve(self, places: PlaceColumns) -> Resolved:
        """Return a position for each row; day by day for names, since places come and go."""
        # False for NaN too.
        usable = (np.abs(places.lon) <= LON_LIMIT) & (np.abs(places.lat) <= LAT_LIMIT)
        resolved = Resolved(
            lon=np.where(usable, places.lon, np.nan),
            lat=np.where(usable, places.lat, np.nan),
            radius_m=np.where(usable, places.radius_m, np.nan),
            place_from=[MGRS if how == MGRS else DEGREES for how in places.decoded_from],
            stated={},
        )
        for row in np.flatnonzero(~usable).tolist():
            self._from_words(resolved, row, places=places)
        return resolved

    def _from_words(self, resolved: Resolved, row: int, *, places: PlaceColumns) -> None:
        coded = self._coded.get(places.pcode[row]) if places.pcode[row] else None
        if coded is not None:
            self._put(resolved, row, feature=coded, radius_m=self._code_radius_m(coded))
            resolved.place_from[row] = PCODE
            if coded.layer in ADMIN_LAYERS:
                resolved.stated[row] = coded
            return
        named = self._names.find(places.place_name[row], day=int(places.day[row]))
        if named is None:
            resolved.place_from[row] = UNRESOLVED
            return
        stated_m = float(places.radius_m[row])
        radius_m = stated_m if stated_m > 0.0 else VILLAGE_M
        self._put(resolved, row, feature=named, radius_m=radius_m)
        resolved.place_from[row] = PLACE_NAME

    def _put(self, resolved: Resolved, row: int, *, feature: Feature, radius_m: float) -> None:
        resolved.lon[row], resolved.lat[row] = feature.lon, feature.lat
        resolved.radius_m[row] = radius_m

    def _code_radius_m(self, feature: Feature) -> float:
        radius_m = self._radius_m.get(feature.feature_id)
        if radius_m is None:
            covered_m = max(covering_radius_m(feature), feature.radius_m)
            unstated_m = COUNTY_M if feature.layer in ADMIN_LAYERS else VILLAGE_M
            radius_m = covered_m or unstated_m
            self._radius_m[feature.feature_id] = radius_m
        return radius_m
