"""Alerts: the inbox, one with its reasons and its ledger, and people's answers."""

from __future__ import annotations

from http import HTTPMethod
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
from fastapi import Depends, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from api import geojson
from api.answers import JSON, json_answer, next_href
from api.body import JsonBody
from api.cursor import is_id, read_numbers, write_cursor
from api.params import parse_box, parse_codes, parse_interval
from api.queries.alerts import AlertFilter
from api.repository import alerts as repository
from api.repository.accounts import AuditLine, note
from api.repository.flags import flags_of_alert
from api.repository.incidents import find_incidents
from api.routing import RouteSpec
from api.security import Caller, Require, SignedIn
from api.services import services_of
from api.shapes import Json, alert_summary, incident_summary, told
from api.waiting import AwaitingQuery
from schemas.access import Permission
from schemas.alert import OPEN_STATES, TRANSITIONS, Alert, AlertAction
from schemas.codec import encode_full
from schemas.errors import NotFoundError
from schemas.flag import Flag

TAG = "alerts"
MAX_LIMIT = 10_000


class AlertQuery(AwaitingQuery):
    """What may be asked of the inbox."""

    state: Annotated[str, Field(description="open, all, or states")] = "open"
    min_priority: Annotated[int, Field(ge=1, le=5)] = 1
    kind: Annotated[str | None, Field(description="rule ids")] = None
    bbox: Annotated[str | None, Field(description="west,south,east,north in degrees")] = None
    interval: Annotated[
        str | None, Field(alias="datetime", description="rounded out to mission-local days")
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: str | None = None


def list_alerts(
    request: Request, caller: SignedIn, query: Annotated[AlertQuery, Query()]
) -> Response:
    """List alerts as GeoJSON, newest day first, the last number of a day first."""
    services = services_of(request)
    wanted = _wanted(query, services.parts.mission.zone())
    with services.parts.read() as connection:
        page = repository.page_of_alerts(
            connection,
            caller.principal,
            wanted,
            before=read_numbers(query.cursor),
            limit=query.limit,
        )
    cursor = None if page.next_before is None else write_cursor(*page.next_before)
    body = geojson.collection(
        [alert_summary(each) for each in page.alerts],
        next_href=next_href(request, cursor),
        now=services.parts.system_clock.now(),
    )
    return Response(body, media_type=geojson.MEDIA_TYPE)


def get_alert(request: Request, caller: SignedIn, alert_id: str) -> Response:
    """Return an alert with its flags, their incidents, the ledger and who was told."""
    services = services_of(request)
    principal = caller.principal
    with services.parts.read() as connection:
        alert = _find(connection, caller, alert_id)
        flags = flags_of_alert(connection, principal, alert_id)
        evidence = find_incidents(connection, principal, _evidence_of(flags))
        counties = services.shelf.counties(connection).by_id
        ledger = repository.ledger_of(connection, principal, alert_id)
        deliveries = repository.told_of(connection, principal, alert_id)
    return json_answer(
        {
            "alert": alert.model_dump(mode="json"),
            "flags": [each.model_dump(mode="json") for each in flags],
            "transitions": [each.model_dump(mode="json") for each in ledger],
            "incidents": [orjson.Fragment(incident_summary(each, counties)) for each in evidence],
            "deliveries": [told(each) for each in deliveries],
            "allowed": _allowed(alert, caller),
        }
    )


def post_transition(
    request: Request,
    caller: SignedIn,
    alert_id: str,
    action: Annotated[AlertAction, Depends(JsonBody(AlertAction))],
) -> Response:
    """Take one step with an alert: acknowledge, decide, resolve.

    409 when somebody else was faster (`seq` is stale) or the step is not allowed from here.
    """
    services = services_of(request)
    parts = services.parts
    with parts.read() as connection:
        _find(connection, caller, alert_id)
    alert = parts.alert_desk.act(
        alert_id, action, by=caller.principal, now=parts.mission_clock.now()
    )
    with parts.begin() as connection:
        line = AuditLine(
            at=parts.system_clock.now(),
            who=caller.principal.user_id,
            what="alert_answered",
            subject=alert_id,
            detail=f"{action.to_state.value} as {alert.seq}",
        )
        note(connection, line)
    return Response(encode_full(alert), media_type=JSON)


def _find(connection: Connection, caller: Caller, alert_id: str) -> Alert:
    found = None
    if is_id(alert_id):
        found = repository.find_alert(connection, caller.principal, alert_id)
    if found is None:
        raise NotFoundError(alert_id)
    return found


def _evidence_of(flags: list[Flag]) -> list[str]:
    return sorted({each.incident_id for flag in flags for each in flag.evidence})


def _allowed(alert: Alert, caller: Caller) -> Json:
    if not caller.principal.may(Permission.ACT_ON_ALERTS):
        return []
    return [state.value for state in TRANSITIONS[alert.state]]


def _wanted(query: AlertQuery, zone: ZoneInfo) -> AlertFilter:
    return AlertFilter(
        states=_states(query.state),
        min_priority=query.min_priority,
        kinds=parse_codes("kind", query.kind),
        box=parse_box(query.bbox),
        interval=parse_interval(query.interval, zone),
    )


def _states(text: str) -> tuple[str, ...]:
    match text:
        case "all":
            return ()
        case "open":
            return tuple(sorted(state.value for state in OPEN_STATES))
        case _:
            return parse_codes("state", text)


ROUTES = (
    RouteSpec(
        path="/v1/alerts",
        handler=list_alerts,
        produces=geojson.MEDIA_TYPE,
        waits=True,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
    RouteSpec(
        path="/v1/alerts/{alert_id}",
        handler=get_alert,
        guard=Require(Permission.READ_MAP),
        tag=TAG,
    ),
    RouteSpec(
        method=HTTPMethod.POST,
        path="/v1/alerts/{alert_id}/transitions",
        handler=post_transition,
        body=AlertAction,
        guard=Require(Permission.ACT_ON_ALERTS),
        tag=TAG,
    ),
)
