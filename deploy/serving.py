"""Running one service until it is told to stop, and ending with a useful exit status."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, suppress
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from deploy.box import Box, open_box, open_box_from_copy
from deploy.garbage import rest_the_collector
from deploy.health import serving_health
from deploy.logs import configure_logs
from deploy.ports import require_free
from deploy.settings import Settings
from deploy.supervisor import EXIT_CONFIG, stop_on_signals, stop_with_parent
from schemas.errors import ConfigurationError, StorageError, TocsinError

log = structlog.get_logger(__name__)

_FAILED = 1
# So often a database that does not answer is asked again.
_AGAIN_S = 1.0


class Service(Protocol):
    """Something that runs on a box until an event is set."""

    def __call__(self, box: Box, *, parts: frozenset[str], stopping: threading.Event) -> None:
        """Run; raise TocsinError when a part failed."""


def serve(service: Service, *, parts: frozenset[str], service_name: str) -> None:
    """Run a service with the settings of the environment; exit 78 for a wrong configuration."""
    try:
        run(service, Settings(), parts=parts, name=service_name)
    except ValidationError as error:
        sys.exit(_told(str(error), EXIT_CONFIG))
    except ConfigurationError as error:
        sys.exit(_told(str(error), EXIT_CONFIG))
    except TocsinError as error:
        sys.exit(_told(str(error), _FAILED))


def run(service: Service, settings: Settings, *, parts: frozenset[str], name: str) -> None:
    """Run a service until SIGTERM, SIGINT or the end of its supervisor."""
    configure_logs(level=settings.log_level, as_json=settings.log_json, service=name)
    listens = settings.port if parts & {"ingest", "api"} else settings.health_port
    setting = "--port or TOCSIN_PORT" if listens == settings.port else "TOCSIN_DESK_PORT"
    require_free(settings.host, listens, setting=setting)
    rest_the_collector()
    stopping = threading.Event()
    stop_on_signals(stopping)
    if settings.supervised:
        stop_with_parent(stopping)
    with ExitStack() as stack:
        box = _opened(stack, settings, parts=parts, port=listens, stopping=stopping)
        if box is not None:
            service(box, parts=parts, stopping=stopping)


def _opened(
    stack: ExitStack,
    settings: Settings,
    *,
    parts: frozenset[str],
    port: int,
    stopping: threading.Event,
) -> Box | None:
    """Open the box, and wait for its database if that does not answer; None when told to stop.

    Meanwhile the process is alive and not ready, and says for what it waits. A door goes on with
    what it last knew, if it may: the field does not wait.
    """
    try:
        return stack.enter_context(open_box(settings))
    except StorageError as error:
        log.warning("the database does not answer", reason=str(error))
    box = stack.enter_context(open_box_from_copy(settings)) if "ingest" in parts else None
    return box or _waited_for(stack, settings, port=port, stopping=stopping)


def _waited_for(
    stack: ExitStack, settings: Settings, *, port: int, stopping: threading.Event
) -> Box | None:
    problem = "the database does not answer"
    health = serving_health(
        settings.host, port, registry=CollectorRegistry(), problem=lambda: problem
    )
    with health:
        while not stopping.wait(_AGAIN_S):
            with suppress(StorageError):
                return stack.enter_context(open_box(settings))
    return None


def _told(text: str, status: int) -> int:
    sys.stderr.write(f"tocsin: {text}\n")
    return status
