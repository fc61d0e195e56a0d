"""What the service counts: requests by route, never by id, person or place."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.clock import Monotonic

# A map query should take tens of milliseconds; what takes seconds is on its way to a time-out.
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# A client may send any word as a method; each would be a series of its own.
_METHODS = frozenset(HTTPMethod)
# How long a stream stays open says nothing.
_STREAM = "/v1/stream"


class RequestMetrics:
    """Counts and times every request. Requests that match no route share one empty label."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry, clock: Monotonic) -> None:
        self._app = app
        self._clock = clock
        self._requests = Counter(
            "tocsin_api_requests", "Requests", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "tocsin_api_request_seconds",
            "Time to the end of the answer",
            ("route",),
            buckets=_BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started_s = self._clock()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, self._clock() - started_s)

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        if route != _STREAM:
            self._seconds.labels(route).observe(took_s)


def route_of(scope: Scope) -> str:
    """Return the path of the route that answered, with its parameters' names.

    Routes that are not FastAPI's leave only the name of their function.
    """
    named = getattr(scope.get("endpoint"), "__name__", "")
    return str(getattr(scope.get("route"), "path", named))


def count_streams(registry: CollectorRegistry, streams: Callable[[], int]) -> None:
    """Show how many streams are open."""
    gauge = Gauge("tocsin_api_streams", "Open streams", registry=registry)
    gauge.set_function(streams)
