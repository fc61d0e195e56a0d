"""tocsin all, door, desk and the single services: running things."""

from __future__ import annotations

import sys
import threading
import time
from typing import Annotated

import typer

from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for
from deploy.desk import run_desk
from deploy.door import run_door
from deploy.logs import configure_logs
from deploy.ports import require_free
from deploy.settings import Settings
from deploy.supervisor import Supervisor, stop_on_signals, stop_with_parent

Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the door.")]
_DOOR = frozenset({"ingest", "api"})
_DESK = frozenset({"process", "notify"})


def run_all(port: Port = None, data_dir: DataDir = None) -> None:
    """Run everything on one box: door and desk, each started again if it ends.

    Example: tocsin all --port 8080
    """
    settings = settings_for(data_dir, port=port)
    with open_box(settings):
        require_free(settings.host, settings.port, setting="--port or TOCSIN_PORT")
        require_free(settings.host, settings.health_port, setting="TOCSIN_DESK_PORT")
    configure_logs(level=settings.log_level, as_json=settings.log_json, service="all")
    supervisor = supervisor_of(settings)
    stop_on_signals(supervisor.stopping)
    console().print(f"Tocsin runs at {settings.url} — stop it with Ctrl-C")
    raise typer.Exit(supervisor.run())


def door(port: Port = None, data_dir: DataDir = None) -> None:
    """Run the door alone: ingest and api on one listener.

    Example: tocsin door --port 8080
    """
    _serve_door(settings_for(data_dir, port=port), parts=_DOOR, service="door")


def desk(data_dir: DataDir = None, port: Port = None) -> None:
    """Run the desk alone: processing and notify.

    Example: tocsin desk
    """
    _serve_desk(settings_for(data_dir, port=port), parts=_DESK, service="desk")


def ingest(port: Port = None, data_dir: DataDir = None) -> None:
    """Run the intake of reports alone.

    Example: tocsin ingest --port 8080
    """
    _serve_door(settings_for(data_dir, port=port), parts=frozenset({"ingest"}), service="ingest")


def api(port: Port = None, data_dir: DataDir = None) -> None:
    """Run the service for people alone.

    Example: tocsin api --port 8090
    """
    _serve_door(settings_for(data_dir, port=port), parts=frozenset({"api"}), service="api")


def process(data_dir: DataDir = None, port: Port = None) -> None:
    """Run processing alone: from the log to incidents, flags and alerts.

    Example: tocsin process
    """
    _serve_desk(settings_for(data_dir, port=port), parts=frozenset({"process"}), service="process")


def notify(data_dir: DataDir = None, port: Port = None) -> None:
    """Run notify alone: telling endpoints of alerts.

    Example: tocsin notify
    """
    _serve_desk(settings_for(data_dir, port=port), parts=frozenset({"notify"}), service="notify")


def supervisor_of(settings: Settings) -> Supervisor:
    """Return a supervisor of door and desk with these settings."""
    own = [sys.executable, "-m", "deploy.cli"]
    return Supervisor(
        commands={"door": [*own, "door"], "desk": [*own, "desk"]},
        environment=settings.as_environment(),
        monotonic=time.monotonic,
        stop_s=settings.stop_seconds,
    )


def _serve_door(settings: Settings, *, parts: frozenset[str], service: str) -> None:
    configure_logs(level=settings.log_level, as_json=settings.log_json, service=service)
    require_free(settings.host, settings.port, setting="--port or TOCSIN_PORT")
    with open_box(settings) as box:
        run_door(box, parts=parts, stopping=_stopping())


def _serve_desk(settings: Settings, *, parts: frozenset[str], service: str) -> None:
    configure_logs(level=settings.log_level, as_json=settings.log_json, service=service)
    require_free(settings.host, settings.health_port, setting="TOCSIN_DESK_PORT")
    with open_box(settings) as box:
        run_desk(box, parts=parts, stopping=_stopping())


def _stopping() -> threading.Event:
    stopping = threading.Event()
    stop_on_signals(stopping)
    stop_with_parent(stopping)
    return stopping
