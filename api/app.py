"""Puts the service for people together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.feature_cache import FeatureCache
from api.feed import Feed
from api.headers import SecurityHeaders
from api.metrics import RequestMetrics, count_streams
from api.openapi import describe
from api.parts import ApiParts
from api.passwords import with_decoy
from api.problems import handle_problems
from api.routes import (
    activity,
    alerts,
    codes,
    deliveries,
    flags,
    health,
    incidents,
    layers,
    session,
    stream,
)
from api.routing import RouteSpec, add_route
from api.security import Public
from api.services import Services
from api.shelf import Shelf
from api.static import MapClient
from api.throttle import Throttle

VERSION = "0.1.0"
# Anybody can send them; a few tell as much as many.
CSP_REPORTS_A_MINUTE = 10
# Lists that wait for a report look for it so many at a time: the others want connections too.
LOOKS_AT_ONCE = 4

ROUTES: tuple[RouteSpec, ...] = (
    *health.ROUTES,
    *session.ROUTES,
    *alerts.ROUTES,
    *flags.ROUTES,
    *incidents.ROUTES,
    *activity.ROUTES,
    *layers.ROUTES,
    *codes.ROUTES,
    *deliveries.ROUTES,
    *stream.ROUTES,
)


def create_app(desk: ApiParts) -> FastAPI:
    """Return the service: `/v1` for people, its health, and the map client at `/`.

    Opens nothing; makes one password hash (tens of milliseconds). While it runs, one task polls
    the feed. `app.state.services.feed.close()` ends the streams, on the event loop.
    """
    services = _services(desk)
    app = FastAPI(
        title="Tocsin",
        version=VERSION,
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.add_middleware(SecurityHeaders, is_https=desk.settings.is_https)
    app.add_middleware(RequestMetrics, registry=desk.registry, clock=desk.monotonic)
    count_streams(desk.registry, lambda: services.feed.listeners)
    handle_problems(app)
    app.router.routes.extend(desk.extra_routes)
    for spec in (*ROUTES, _openapi_route(app, desk)):
        add_route(app.router, spec)
    if desk.web_root is not None:
        app.mount("/", MapClient(desk.web_root), name="map")
    return app


def _services(desk: ApiParts) -> Services:
    settings = desk.settings
    return Services(
        parts=desk,
        passwords=with_decoy(desk.passwords),
        password_checks=anyio.CapacityLimiter(settings.password_checks_at_once),
        tries_by_person=Throttle(desk.monotonic, limit=settings.sign_ins_per_minute),
        tries_by_address=Throttle(desk.monotonic, limit=settings.sign_ins_per_minute_and_address),
        csp_reports=Throttle(desk.monotonic, limit=CSP_REPORTS_A_MINUTE),
        shelf=Shelf(),
        features=FeatureCache(),
        feed=Feed(desk),
        waiting=anyio.CapacityLimiter(LOOKS_AT_ONCE),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    polling = asyncio.create_task(services.feed.run())
    try:
        yield
    finally:
        services.feed.close()
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)


def _openapi_route(app: FastAPI, desk: ApiParts) -> RouteSpec:
    """Describe the interface itself. It holds no data, so it is for everyone."""

    def get_openapi_document(_request: Request) -> Response:
        """Return the OpenAPI 3.1 document of this listener."""
        if app.openapi_schema is None:
            app.openapi_schema = describe(app, ROUTES, desk)
        return json_answer(app.openapi_schema)

    return RouteSpec(
        path="/openapi.json", handler=get_openapi_document, guard=Public(), tag="operations"
    )
