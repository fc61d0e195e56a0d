"""Layers: the mission's geography, loaded from files, with validity dates."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import Field

from schemas.message import Lat, Lon, Message


class LayerKind(StrEnum):
    """What a layer's features are; rules and the map choose by it."""

    ADM0 = "adm0"
    ADM1 = "adm1"
    ADM2 = "adm2"
    SETTLEMENT = "settlement"
    CIVILIAN_SITE = "civilian_site"
    HEALTH = "health"
    SCHOOL = "school"
    AIRFIELD = "airfield"
    UN_BASE = "un_base"


class Feature(Message):
    """One feature. `geometry` is a GeoJSON geometry; points may carry `radius_m` (their extent).

    `kind` refines the layer (POC_SITE, IDP_SITE, TOWN, HOSPITAL …). Valid from `valid_from`
    (included) to `valid_to` (excluded); None is open. `parent_id` is explicit, never sliced.
    """

    feature_id: str
    layer: LayerKind
    kind: str
    name: str
    parent_id: str | None = None
    lon: Lon
    lat: Lat
    radius_m: float = 0.0
    population: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    geometry: dict[str, Any] | None = None
    properties: dict[str, Any] = Field(default_factory=dict)
    source: str = ""
