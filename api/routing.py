"""How a route is declared: its permission is part of it, so none is open by omission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPMethod
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from api.answers import JSON
from api.security import Public, Require
from api.waiting import wait_for_reports

Guard = Public | Require


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """One route, with the guard that decides who may use it.

    `body` and `produces` are for the OpenAPI document; the handler reads and makes them itself.
    One that `waits` takes `min_position` (its query is an `AwaitingQuery`).
    """

    path: str
    handler: Callable[..., Any]
    guard: Guard
    method: HTTPMethod = HTTPMethod.GET
    status: int = 200
    tag: str
    body: type[BaseModel] | None = None
    produces: str | None = JSON
    waits: bool = False


def add_route(router: APIRouter, spec: RouteSpec) -> None:
    """Add a route with its guard."""
    router.add_api_route(
        spec.path,
        spec.handler,
        methods=[spec.method.value],
        status_code=spec.status,
        # In this order: who may not read does not wait.
        dependencies=[Depends(spec.guard), *([Depends(wait_for_reports)] if spec.waits else [])],
        response_class=Response,
        response_model=None,
        tags=[spec.tag],
    )
