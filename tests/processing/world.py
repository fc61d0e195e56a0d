"""A small mission to check the desk with: two counties, towns, a protected site, a base."""

from __future__ import annotations

from schemas.layer import Feature, LayerKind

WEST, EAST = "SSX01", "SSX02"
STATE = "SSX"


def _box(code: str, name: str, west: float, east: float) -> Feature:
    ring = [[west, 5.0], [east, 5.0], [east, 8.0], [west, 8.0], [west, 5.0]]
    return Feature(
        feature_id=code,
        layer=LayerKind.ADM2,
        kind="ADM2",
        name=name,
        parent_id=STATE,
        lon=(west + east) / 2,
        lat=6.5,
        geometry={"type": "Polygon", "coordinates": [ring]},
    )


def _area(code: str, layer: LayerKind, parent: str | None) -> Feature:
    ring = [[29.0, 5.0], [33.0, 5.0], [33.0, 8.0], [29.0, 8.0], [29.0, 5.0]]
    return Feature(
        feature_id=code,
        layer=layer,
        kind=layer.name,
        name=f"Area {code}",
        parent_id=parent,
        lon=31.0,
        lat=6.5,
        geometry={"type": "Polygon", "coordinates": [ring]},
    )


def _point(code: str, layer: LayerKind, kind: str, lon: float, lat: float) -> Feature:
    return Feature(
        feature_id=code,
        layer=layer,
        kind=kind,
        name=f"Place {code}",
        lon=lon,
        lat=lat,
        population=20_000,
        radius_m=1_000.0 if layer is LayerKind.CIVILIAN_SITE else 0.0,
    )


FEATURES: tuple[Feature, ...] = (
    _area("SS", LayerKind.ADM0, None),
    _area(STATE, LayerKind.ADM1, "SS"),
    _box(WEST, "West county", 29.0, 31.0),
    _box(EAST, "East county", 31.0, 33.0),
    _point("town-west", LayerKind.SETTLEMENT, "TOWN", 30.2, 6.4),
    _point("town-east", LayerKind.SETTLEMENT, "TOWN", 31.55, 6.21),
    _point("site-east", LayerKind.CIVILIAN_SITE, "POC_SITE", 31.56, 6.2),
    _point("clinic-east", LayerKind.HEALTH, "HOSPITAL", 31.5, 6.2),
    _point("base-east", LayerKind.UN_BASE, "BASE", 31.57, 6.22),
    _point("strip-east", LayerKind.AIRFIELD, "AIRFIELD", 31.6, 6.19),
)
