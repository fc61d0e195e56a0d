"""The live feed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.problems import ProblemError, bad_parameter
from api.routing import RouteSpec
from api.security import Require, SignedIn
from api.services import services_of
from api.stream import EventStream
from schemas.access import Permission
from schemas.message import StrictMessage

_MAX_SEQ = 2**63


class StreamQuery(StrictMessage):
    """What may be asked of the feed."""

    last_event_id: Annotated[str | None, Field(description="resume after this event")] = None


async def get_stream(
    request: Request, caller: SignedIn, query: Annotated[StreamQuery, Query()]
) -> Response:
    """Follow what changes, as server-sent events `change`, `clock` and `reset`.

    The id of an event is the number of the last change before it; a reconnecting browser sends
    it as `Last-Event-ID` and misses nothing. `reset` says: read everything again.
    """
    services = services_of(request)
    if services.feed.is_full:
        detail = "as many streams are open as the service bears"
        headers = {"Retry-After": "5"}
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers)
    given = query.last_event_id or request.headers.get("Last-Event-ID")
    events = services.feed.events(
        caller.principal, caller.session_sha256, last_event_id=_last_event_id(given)
    )
    timeout = services.parts.settings.stream_send_timeout
    return EventStream(events, send_timeout_s=timeout.total_seconds())


def _last_event_id(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) >= _MAX_SEQ:
        raise bad_parameter("last_event_id", "give the id of the last event that arrived")
    return int(text)


ROUTES = (
    RouteSpec(
        path="/v1/stream",
        handler=get_stream,
        produces="text/event-stream",
        guard=Require(Permission.READ_MAP),
        tag="stream",
    ),
)
