"""tocsin all and the single services: running things."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for
from deploy.desk import run_desk
from deploy.door import run_door
from deploy.embedded import supervisor_of
from deploy.logs import configure_logs
from deploy.ports import require_free
from deploy.serving import run
from deploy.settings import Settings
from deploy.supervisor import stop_on_signals

Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the door.")]


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


def ingest(port: Port = None, data_dir: DataDir = None) -> None:
    """Run the intake of reports alone.

    Example: tocsin ingest --port 8080
    """
    _door({"ingest"}, settings_for(data_dir, port=port))


def api(port: Port = None, data_dir: DataDir = None) -> None:
    """Run the service for people alone.

    Example: tocsin api --port 8090
    """
    _door({"api"}, settings_for(data_dir, port=port))


def process(data_dir: DataDir = None, port: Port = None) -> None:
    """Run processing alone: from the log to incidents, flags and alerts.

    Example: tocsin process
    """
    _desk({"process"}, settings_for(data_dir, port=port))


def watch(data_dir: DataDir = None, port: Port = None) -> None:
    """Run the watch alone: what no report triggers. Of several one leads, the others wait.

    Example: tocsin watch
    """
    _desk({"watch"}, settings_for(data_dir, port=port))


def notify(data_dir: DataDir = None, port: Port = None) -> None:
    """Run notify alone: telling endpoints of alerts.

    Example: tocsin notify
    """
    _desk({"notify"}, settings_for(data_dir, port=port))


def _door(parts: set[str], settings: Settings) -> None:
    run(run_door, settings, parts=frozenset(parts), name="+".join(sorted(parts)))


def _desk(parts: set[str], settings: Settings) -> None:
    run(run_desk, settings, parts=frozenset(parts), name="+".join(sorted(parts)))
