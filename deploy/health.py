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
    host: str, port: int, *, registry: CollectorRegistry, problem: Callable[[], str | None]
) -> Iterator[None]:
    """Serve /healthz, /readyz and /metrics on a thread of its own.

    `problem` says in words, which anybody may read, why it is not ready; None when it is.
    """
    app = health_app(registry=registry, problem=problem)
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


def health_app(*, registry: CollectorRegistry, problem: Callable[[], str | None]) -> Starlette:
    """Return the application: alive, ready, and Prometheus metrics."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_request: Request) -> Response:
        says = problem()
        text = "ready\n" if says is None else f"not ready: {says}\n"
        return PlainTextResponse(text, status_code=_READY if says is None else _NOT_READY)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )
