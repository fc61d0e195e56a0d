"""Whether the service lives, whether it can serve, and what it counts."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from api.answers import JSON, json_answer
from api.headers import CSP_REPORTS
from api.parts import ApiParts
from api.repository.changes import span_of_changes
from api.routing import RouteSpec
from api.security import Public
from api.services import services_of
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

TAG = "operations"


async def get_healthz(_request: Request) -> Response:
    """Answer as long as the process does."""
    return json_answer({"status": "ok"})


def get_readyz(request: Request) -> Response:
    """Answer 200 when everything that serving needs is there, 503 with what is not."""
    parts = services_of(request).parts
    checks = {"database": _can_read(parts)}
    checks |= {name: is_ready() for name, is_ready in parts.ready_checks.items()}
    is_ready = all(checks.values())
    body = {"status": "ready" if is_ready else "not ready", "checks": checks}
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(orjson.dumps(body), status_code=status, media_type=JSON)


def get_metrics(request: Request) -> Response:
    """Return the counters in Prometheus' text format. They name no person, unit or place."""
    registry = services_of(request).parts.registry
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def post_csp_report(request: Request) -> Response:
    """Take note that a browser refused something on a page of ours. The report is not read."""
    if services_of(request).csp_reports.wait_s(CSP_REPORTS) == 0:
        log.warning("content security policy was violated")
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _can_read(parts: ApiParts) -> bool:
    try:
        with parts.read() as connection:
            span_of_changes(connection)
    except (SQLAlchemyError, StorageError):
        return False
    return True


ROUTES = (
    RouteSpec(path="/healthz", handler=get_healthz, guard=Public(), tag=TAG),
    RouteSpec(path="/readyz", handler=get_readyz, guard=Public(), tag=TAG),
    RouteSpec(path="/metrics", handler=get_metrics, produces="text/plain", guard=Public(), tag=TAG),
    RouteSpec(
        method=HTTPMethod.POST,
        path=CSP_REPORTS,
        handler=post_csp_report,
        produces=None,
        guard=Public(),
        status=204,
        tag=TAG,
    ),
)
