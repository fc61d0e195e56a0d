"""Running one service until it is told to stop, and ending with a useful exit status."""

from __future__ import annotations

import sys
import threading
from typing import Protocol

from pydantic import ValidationError

from deploy.box import Box, open_box
from deploy.garbage import rest_the_collector
from deploy.logs import configure_logs
from deploy.ports import require_free
from deploy.settings import Settings
from deploy.supervisor import EXIT_CONFIG, stop_on_signals, stop_with_parent
from schemas.errors import ConfigurationError, TocsinError

_FAILED = 1


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
    with open_box(settings) as box:
        service(box, parts=parts, stopping=stopping)


def _told(text: str, status: int) -> int:
    sys.stderr.write(f"tocsin: {text}\n")
    return status
