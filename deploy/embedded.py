"""One box, two supervised processes: the door and the desk."""

from __future__ import annotations

import sys
import time

from deploy.settings import Settings
from deploy.supervisor import Supervisor

SERVICES = ("door", "desk")


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
