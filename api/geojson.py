"""GeoJSON (RFC 7946) as bytes: WGS 84, longitude first, at most six decimals (0.1 m)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

MEDIA_TYPE = "application/geo+json"
DECIMALS = 6

Json = Any


def iso(at: datetime) -> str:
    """Return a UTC time as RFC 3339 with a Z."""
    return at.isoformat().replace("+00:00", "Z")


def point(lon: float | None, lat: float | None) -> Json:
    """Return a Point, or null where there is no place."""
    if lon is None or lat is None:
        return None
    return {"type": "Point", "coordinates": [round(lon, DECIMALS), round(lat, DECIMALS)]}


def rounded(geometry: Mapping[str, Any]) -> Json:
    """Return a geometry with rounded coordinates."""
    if geometry.get("type") == "GeometryCollection":
        parts = [rounded(each) for each in geometry["geometries"]]
        return {"type": "GeometryCollection", "geometries": parts}
    return {"type": geometry["type"], "coordinates": _rounded(geometry["coordinates"])}


def feature(feature_id: str, geometry: Json, properties: Mapping[str, Any]) -> bytes:
    """Return one Feature."""
    body = {"type": "Feature", "id": feature_id, "geometry": geometry, "properties": properties}
    return orjson.dumps(body)


def collection(features: Sequence[bytes], *, next_href: str | None, now: datetime) -> bytes:
    """Return a FeatureCollection of features that are bytes already."""
    links = [] if next_href is None else [{"rel": "next", "href": next_href}]
    tail = {"numberReturned": len(features), "links": links, "timeStamp": iso(now)}
    head = b'{"type":"FeatureCollection","features":['
    return head + b",".join(features) + b"]," + orjson.dumps(tail)[1:]


def _rounded(coordinates: Json) -> Json:
    if isinstance(coordinates, int | float):
        return round(coordinates, DECIMALS)
    return [_rounded(each) for each in coordinates]
