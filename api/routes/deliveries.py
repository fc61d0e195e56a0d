"""Who was rung, and how that went."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.params import parse_codes
from api.repository.alerts import recent_deliveries
from api.routing import RouteSpec
from api.security import Require, SignedIn
from api.services import services_of
from api.shapes import told
from api.waiting import AwaitingQuery
from schemas.access import Permission


class DeliveryQuery(AwaitingQuery):
    """What may be asked of the list."""

    endpoint_id: Annotated[str | None, Field(max_length=64)] = None
    state: str | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


def list_deliveries(
    request: Request, caller: SignedIn, query: Annotated[DeliveryQuery, Query()]
) -> Response:
    """List the newest deliveries. They tell that somebody was rung, not of what."""
    services = services_of(request)
    states = parse_codes("state", query.state)
    with services.parts.read() as connection:
        found = recent_deliveries(
            connection,
            caller.principal,
            endpoint_id=query.endpoint_id,
            states=states,
            limit=query.limit,
        )
    return json_answer({"deliveries": [told(each) for each in found]})


ROUTES = (
    RouteSpec(
        path="/v1/deliveries",
        handler=list_deliveries,
        waits=True,
        guard=Require(Permission.READ_MAP, Permission.CONFIGURE),
        tag="deliveries",
    ),
)
