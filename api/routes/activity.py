"""The heat of the map: how much happened in each cell."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api import geojson
from api.params import parse_box, parse_codes, parse_interval
from api.queries.activity import ActivityFilter
from api.repository.activity import CellActivity, activity_by_cell
from api.routing import RouteSpec
from api.security import Require, SignedIn
from api.services import services_of
from api.waiting import AwaitingQuery
from schemas.access import Permission


class ActivityQuery(AwaitingQuery):
    """What may be asked of the activity."""

    interval: Annotated[
        str | None, Field(alias="datetime", description="rounded out to mission-local days")
    ] = None
    bbox: Annotated[str | None, Field(description="west,south,east,north in degrees")] = None
    event_class: str | None = None


def list_activity(
    request: Request, caller: SignedIn, query: Annotated[ActivityQuery, Query()]
) -> Response:
    """Return the centre of each H3 cell of resolution 5 with the sums of the caller's levels."""
    parts = services_of(request).parts
    box = parse_box(query.bbox)
    wanted = ActivityFilter(
        interval=parse_interval(query.interval, parts.mission.zone()),
        event_classes=parse_codes("event_class", query.event_class),
    )
    with parts.read() as connection:
        cells = activity_by_cell(connection, caller.principal, wanted)
    inside = [
        each for each in cells if box is None or box.contains(each.center.lon, each.center.lat)
    ]
    now = parts.system_clock.now()
    body = geojson.collection([_feature(each) for each in inside], next_href=None, now=now)
    return Response(body, media_type=geojson.MEDIA_TYPE)


def _feature(cell: CellActivity) -> bytes:
    properties = {
        "incidents": cell.n_incidents,
        "deaths": cell.deaths,
        "weight": cell.weight_milli / 1_000,
    }
    return geojson.feature(cell.cell, geojson.point(cell.center.lon, cell.center.lat), properties)


ROUTES = (
    RouteSpec(
        path="/v1/activity",
        handler=list_activity,
        produces=geojson.MEDIA_TYPE,
        waits=True,
        guard=Require(Permission.READ_MAP),
        tag="activity",
    ),
)
