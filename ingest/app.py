"""The door as a process of its own: intake and what operators ask of it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest.door import Door
from ingest.openapi import openapi_components, openapi_paths
from ingest.responses import json_response
from ingest.routes import intake_routes


def create_app(door: Door) -> FastAPI:
    """Return the app. Whoever calls this has entered the spool and leaves it afterwards."""
    app = FastAPI(title="Tocsin: the door", openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.extend(intake_routes(door))
    app.router.routes.extend(operator_routes(door))
    return app


def operator_routes(door: Door) -> list[BaseRoute]:
    """Return /healthz, /readyz, /metrics and /openapi.json of a door that stands alone."""

    async def healthz(_request: Request) -> Response:
        return json_response(b'{"status":"ok"}')

    async def readyz(_request: Request) -> Response:
        is_ready = await asyncio.to_thread(door.spool.check)
        if is_ready:
            return json_response(b'{"status":"ready"}')
        return json_response(b'{"status":"the spool can not store"}', status=503)

    async def metrics(_request: Request) -> Response:
        text = generate_latest(door.metrics.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def openapi(_request: Request) -> Response:
        return json_response(orjson.dumps(openapi_document()))

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
    ]


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the door alone."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin: the door", "version": "1"},
        "paths": openapi_paths(),
        "components": openapi_components(),
    }
