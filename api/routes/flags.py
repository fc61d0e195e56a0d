"""Flags: the list, one with its evidence, and the same derived anew."""

from __future__ import annotations

from http import HTTPMethod
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api import geojson
from api.answers import feature_answer, json_answer, next_href
from api.cursor import is_id, read_id, write_cursor
from api.params import parse_box, parse_codes, parse_interval
from api.queries.flags import FlagFilter
from api.repository import flags as repository
from api.routing import RouteSpec
from api.security import Caller, Require, SignedIn
from api.services import Services, services_of
from api.shapes import flag_summary, flag_whole
from api.waiting import AwaitingQuery
from schemas.access import Permission
from schemas.errors import NotFoundError
from schemas.flag import Flag

TAG = "flags"
MAX_LIMIT = 10_000


class FlagQuery(AwaitingQuery):
    """What may be asked of the list."""

    bbox: Annotated[str | None, Field(description="west,south,east,north in degrees")] = None
    interval: Annotated[
        str | None, Field(alias="datetime", description="rounded out to mission-local days")
    ] = None
    rule_id: str | None = None
    state: str | None = None
    min_band: Annotated[int, Field(ge=1, le=4)] = 1
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 500
    cursor: str | None = None


def list_flags(
    request: Request, caller: SignedIn, query: Annotated[FlagQuery, Query()]
) -> Response:
    """List flags as GeoJSON without their evidence, newest day first."""
    services = services_of(request)
    wanted = _wanted(query, services.parts.mission.zone())
    with services.parts.read() as connection:
        page = repository.page_of_flags(
            connection,
            caller.principal,
            wanted,
            before=read_id(query.cursor),
            limit=query.limit,
        )
    cursor = None if page.next_before is None else write_cursor(page.next_before)
    body = geojson.collection(
        [flag_summary(each) for each in page.flags],
        next_href=next_href(request, cursor),
        now=services.parts.system_clock.now(),
    )
    return Response(body, media_type=geojson.MEDIA_TYPE)


def get_flag(request: Request, caller: SignedIn, flag_id: str) -> Response:
    """Return one flag with its numbers, evidence and sentence."""
    return feature_answer(flag_whole(_flag(services_of(request), caller, flag_id)))


def post_recompute(request: Request, caller: SignedIn, flag_id: str) -> Response:
    """Derive a flag anew from reports, incidents, layers and parameters, and compare."""
    services = services_of(request)
    _flag(services, caller, flag_id)
    outcome = services.parts.recomputer.recompute(flag_id)
    again = outcome.recomputed
    return json_answer(
        {
            "equal": outcome.equal,
            "stored": outcome.stored.model_dump(mode="json"),
            "recomputed": None if again is None else again.model_dump(mode="json"),
            "differences": list(outcome.differences),
        }
    )


def _flag(services: Services, caller: Caller, flag_id: str) -> Flag:
    if not is_id(flag_id):
        raise NotFoundError(flag_id)
    with services.parts.read() as connection:
        found = repository.find_flag(connection, caller.principal, flag_id)
    if found is None:
        raise NotFoundError(flag_id)
    return found


def _wanted(query: FlagQuery, zone: ZoneInfo) -> FlagFilter:
    return FlagFilter(
        box=parse_box(query.bbox),
        interval=parse_interval(query.interval, zone),
        rule_ids=parse_codes("rule_id", query.rule_id),
        states=parse_codes("state", query.state),
        min_band=query.min_band,
    )


ROUTES = (
    RouteSpec(
        path="/v1/flags",
        handler=list_flags,
        produces=geojson.MEDIA_TYPE,
        waits=True,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
    RouteSpec(
        path="/v1/flags/{flag_id}",
        handler=get_flag,
        produces=geojson.MEDIA_TYPE,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
    RouteSpec(
        method=HTTPMethod.POST,
        path="/v1/flags/{flag_id}/recompute",
        handler=post_recompute,
        guard=Require(Permission.READ_REPORTS),
        tag=TAG,
    ),
)
