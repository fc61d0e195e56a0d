"""One box: door and desk as two supervised processes, or one process each part."""

from __future__ import annotations

import sys
import time

from deploy.settings import Settings
from deploy.supervisor import Supervisor

SERVICES = ("door", "desk")
# With Kafka and PostgreSQL between them; where each is heard, above the port of the first. The
# demo's receiver is the one that is left out.
PARTS = {"api": 0, "process": 1, "watch": 3, "notify": 4, "ingest": 5}


def command_of(service: str) -> list[str]:
    """Return the command line of a service of this installation."""
    return [sys.executable, "-m", f"deploy.serve_{service}"]


def supervisor_of(settings: Settings) -> Supervisor:
    """Return a supervisor of door and desk with these settings."""
    return Supervisor(
        commands={service: command_of(service) for service in SERVICES},
        environment=settings.as_environment(),
        monotonic=time.monotonic,
        stop_s=settings.stop_seconds,
    )


def ports_apart(settings: Settings) -> dict[str, int]:
    """Return where each part is heard when every part is a process of its own."""
    return {part: settings.port + above for part, above in PARTS.items()}


def supervisor_apart(settings: Settings) -> Supervisor:
    """Return a supervisor of one process each part, with these settings.

    The door for reports is `ingest`, at a port of its own; people come to `api`.
    """
    return Supervisor(
        commands={part: [sys.executable, "-m", "deploy.cli", part] for part in PARTS},
        environment=settings.as_environment(),
        monotonic=time.monotonic,
        stop_s=settings.stop_seconds,
        own={
            part: {"TOCSIN_PORT" if part in {"api", "ingest"} else "TOCSIN_DESK_PORT": str(port)}
            for part, port in ports_apart(settings).items()
        },
    )
