"""Health and metrics of a process that serves nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_READY, _NOT_READY = 200, 503


@contextmanager
def serving_health(
    host: str, port: int, *, registry: CollectorRegistry, is_ready: Callable[[], bool]
) -> Iterator[None]:
    """Serve /healthz, /readyz and /metrics on a thread of its own."""
    app = health_app(registry=registry, is_ready=is_ready)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="health")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def health_app(*, registry: CollectorRegistry, is_ready: Callable[[], bool]) -> Starlette:
    """Return the application: alive, ready, and Prometheus metrics."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_request: Request) -> Response:
        ready = is_ready()
        text = "ready\n" if ready else "not ready: see the log of this process\n"
        return PlainTextResponse(text, status_code=_READY if ready else _NOT_READY)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )
