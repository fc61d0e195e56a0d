"""Features, layers and batches for the tests of locating."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from deploy.demo.mission_files import read_bundle
from processing.locate.columns import PlaceColumns
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas.layer import Feature, LayerKind

FloatArray = npt.NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[3]
SOUTH_SUDAN = ROOT / "deploy" / "demo" / "south_sudan"
DAY = 16_000


@cache
def south_sudan() -> Locator:
    return Locator(LayerSet.of(read_bundle(SOUTH_SUDAN).features()))


def point(
    feature_id: str,
    lon: float,
    lat: float,
    *,
    layer: LayerKind = LayerKind.SETTLEMENT,
    name: str = "",
    radius_m: float = 0.0,
    valid: tuple[date | None, date | None] = (None, None),
    kind: str = "TOWN",
) -> Feature:
    return Feature(
        feature_id=feature_id,
        layer=layer,
        kind=kind,
        name=name or feature_id,
        lon=lon,
        lat=lat,
        radius_m=radius_m,
        valid_from=valid[0],
        valid_to=valid[1],
    )


def area(
    feature_id: str,
    geometry: BaseGeometry,
    *,
    layer: LayerKind = LayerKind.ADM2,
    parent_id: str | None = None,
    valid: tuple[date | None, date | None] = (None, None),
) -> Feature:
    on_it = geometry.representative_point()
    return Feature(
        feature_id=feature_id,
        layer=layer,
        kind=layer.value.upper(),
        name=f"Area {feature_id}",
        parent_id=parent_id,
        lon=on_it.x,
        lat=on_it.y,
        valid_from=valid[0],
        valid_to=valid[1],
        geometry=mapping(geometry),
    )


def locator(*features: Feature) -> Locator:
    return Locator(LayerSet.of(features))


def places(
    lon: Sequence[float] | FloatArray,
    lat: Sequence[float] | FloatArray,
    radius_m: Sequence[float] | FloatArray,
    **words: Any,  # noqa: ANN401 - columns of several types
) -> PlaceColumns:
    n = len(lon)
    return PlaceColumns(
        lon=np.asarray(lon, dtype=np.float64),
        lat=np.asarray(lat, dtype=np.float64),
        radius_m=np.asarray(radius_m, dtype=np.float64),
        decoded_from=words.get("decoded_from", ["degrees"] * n),
        pcode=words.get("pcode", [""] * n),
        place_name=words.get("place_name", [""] * n),
        day=np.asarray(words.get("day", [DAY] * n), dtype=np.int64),
    )


def said(
    *, day: int = DAY, radius_m: float = np.nan, pcode: str = "", place_name: str = ""
) -> PlaceColumns:
    """One report without usable coordinates."""
    return places(
        [np.nan],
        [np.nan],
        [radius_m],
        decoded_from=[""],
        pcode=[pcode],
        place_name=[place_name],
        day=[day],
    )
