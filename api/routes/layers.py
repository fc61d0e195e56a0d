"""The mission's geography."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api import geojson
from api.answers import is_known, json_answer, not_modified, weak_etag
from api.params import parse_box, parse_date
from api.repository.layers import list_layers
from api.routing import RouteSpec
from api.security import Require, SignedIn
from api.services import services_of
from schemas.access import Permission
from schemas.errors import NotFoundError
from schemas.geometry import BoundingBox
from schemas.layer import Feature
from schemas.message import StrictMessage

TAG = "layers"


class LayerQuery(StrictMessage):
    """What may be asked of a layer."""

    at: Annotated[str | None, Field(description="a date: features valid on that day")] = None
    bbox: Annotated[
        str | None, Field(description="west,south,east,north: by the features' points")
    ] = None


def get_layers(request: Request, caller: SignedIn) -> Response:
    """List the layers."""
    with services_of(request).parts.read() as connection:
        heads = list_layers(connection, caller.principal)
    return json_answer(
        [
            {
                "layer": each.layer,
                "version": each.version,
                "features": each.features,
                "source": each.source,
            }
            for each in heads
        ]
    )


def get_layer(
    request: Request, caller: SignedIn, layer: str, query: Annotated[LayerQuery, Query()]
) -> Response:
    """Return the features of a layer as GeoJSON, on one day if asked for."""
    services = services_of(request)
    box = parse_box(query.bbox)
    at = None if query.at is None else parse_date("at", query.at)
    with services.parts.read() as connection:
        visible = {each.layer for each in list_layers(connection, caller.principal)}
        shelved = services.shelf.layer(connection, layer) if layer in visible else None
    if shelved is None:
        raise NotFoundError(layer)
    etag = weak_etag(shelved.head.sha256, query.at or "", query.bbox or "")
    if is_known(request, etag):
        return not_modified(etag)
    wanted = [
        drawn
        for each, drawn in zip(shelved.features, shelved.drawn, strict=True)
        if _is_wanted(each, at=at, box=box)
    ]
    body = geojson.collection(wanted, next_href=None, now=services.parts.system_clock.now())
    return Response(body, media_type=geojson.MEDIA_TYPE, headers={"ETag": etag})


def _is_wanted(feature: Feature, *, at: date | None, box: BoundingBox | None) -> bool:
    if at is not None and not _is_valid(feature, at):
        return False
    return box is None or box.contains(feature.lon, feature.lat)


def _is_valid(feature: Feature, at: date) -> bool:
    has_begun = feature.valid_from is None or feature.valid_from <= at
    has_ended = feature.valid_to is not None and feature.valid_to <= at
    return has_begun and not has_ended


ROUTES = (
    RouteSpec(path="/v1/layers", handler=get_layers, guard=Require(Permission.READ_MAP), tag=TAG),
    RouteSpec(
        path="/v1/layers/{layer}",
        handler=get_layer,
        produces=geojson.MEDIA_TYPE,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
)
