"""Incidents: the list for a map, and one with the reports behind it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import geojson
from api.answers import feature_answer, next_href
from api.cursor import is_id, read_id, write_cursor
from api.params import parse_box, parse_codes, parse_interval
from api.queries.incidents import IncidentFilter
from api.repository import incidents as repository
from api.routing import RouteSpec
from api.security import Require, SignedIn
from api.services import services_of
from api.shapes import incident_whole
from api.waiting import AwaitingQuery
from schemas.access import Permission
from schemas.errors import NotFoundError

TAG = "incidents"
MAX_LIMIT = 10_000


class IncidentQuery(AwaitingQuery):
    """What may be asked of the list."""

    bbox: Annotated[str | None, Field(description="west,south,east,north in degrees")] = None
    interval: Annotated[
        str | None, Field(alias="datetime", description="RFC 3339 time, date, or start/end")
    ] = None
    event_class: str | None = None
    event_type: str | None = None
    min_severity: Annotated[int, Field(ge=1, le=5)] = 1
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 500
    cursor: str | None = None


def list_incidents(
    request: Request, caller: SignedIn, query: Annotated[IncidentQuery, Query()]
) -> Response:
    """List incidents as GeoJSON, newest day first, within a page by time.

    Retracted incidents are left out. Paging goes by id, which begins with the mission-local day,
    so that an incident that is revised meanwhile neither comes twice nor is missed.
    """
    services = services_of(request)
    wanted = _wanted(query, services.parts.mission.zone())
    with services.parts.read() as connection:
        page = repository.page_of_incidents(
            connection,
            caller.principal,
            wanted,
            before=read_id(query.cursor),
            limit=query.limit,
        )
        counties = services.shelf.counties(connection)
    features = services.features.newest_first(
        page.incidents, counties.by_id, version=counties.version
    )
    cursor = None if page.next_before is None else write_cursor(page.next_before)
    body = geojson.collection(
        features, next_href=next_href(request, cursor), now=services.parts.system_clock.now()
    )
    return Response(body, media_type=geojson.MEDIA_TYPE)


def get_incident(request: Request, caller: SignedIn, incident_id: str) -> Response:
    """Return one incident with its reports. An id that it had earlier answers with 308."""
    if not is_id(incident_id):
        raise NotFoundError(incident_id)
    services = services_of(request)
    with services.parts.read() as connection:
        found = repository.find_incident(connection, caller.principal, incident_id)
        if found is None:
            moved = repository.find_moved_incident(connection, caller.principal, incident_id)
            return _moved(moved)
        members = repository.find_members(connection, caller.principal, found)
        counties = services.shelf.counties(connection).by_id
    return feature_answer(incident_whole(found, counties, members))


def _wanted(query: IncidentQuery, zone: ZoneInfo) -> IncidentFilter:
    return IncidentFilter(
        box=parse_box(query.bbox),
        interval=parse_interval(query.interval, zone),
        event_classes=parse_codes("event_class", query.event_class),
        event_types=parse_codes("event_type", query.event_type),
        min_severity=query.min_severity,
    )


def _moved(incident_id: str | None) -> Response:
    if incident_id is None:
        raise NotFoundError("incident")
    return RedirectResponse(
        f"/v1/incidents/{incident_id}", status_code=HTTPStatus.PERMANENT_REDIRECT
    )


ROUTES = (
    RouteSpec(
        path="/v1/incidents",
        handler=list_incidents,
        produces=geojson.MEDIA_TYPE,
        waits=True,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
    RouteSpec(
        path="/v1/incidents/{incident_id}",
        handler=get_incident,
        produces=geojson.MEDIA_TYPE,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
)
