"""tocsin demo, replay: the sample mission."""

from __future__ import annotations

import shutil
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from deploy import migrate
from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for
from deploy.demo import show
from deploy.demo.servers import running_servers, where_to_look
from deploy.kafka.broker import found_cluster, jars_folder
from deploy.ports import require_free
from deploy.postgresql.server import found_server, place_for
from deploy.settings import Settings
from deploy.supervisor import stop_on_signals
from schemas.errors import ConfigurationError

app = typer.Typer(invoke_without_command=True)

DEMO_DIR, KAFKA_DIR = Path("tocsin-demo"), Path("tocsin-demo-kafka")
FIRST = show.FIRST.isoformat()
LAST = show.LAST.isoformat()
Day = Annotated[str, typer.Option(help="As 2013-12-15.")]


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65_530, help="Port of the map.")] = 8080,
    speed: Annotated[float, typer.Option(min=1, help="Mission seconds a second.")] = show.SPEED,
    first: Day = FIRST,
    last: Day = LAST,
    browser: Annotated[bool, typer.Option(help="Open the map in a browser.")] = True,  # noqa: FBT002 - a flag of the command line
    kafka: Annotated[bool, typer.Option("--kafka", help="Through Kafka into PostgreSQL.")] = False,  # noqa: FBT002 - a flag of the command line
    data_dir: DataDir = None,
) -> None:
    """Start the sample mission: two months of South Sudan, replayed in two minutes.

    It stays until Ctrl-C; starting again goes on where it was. With --kafka the reports go through
    a real Apache Kafka into a real PostgreSQL, which start and stop with it, and every part is a
    process of its own.

    Example: tocsin demo --port 8080
    """
    if context.invoked_subcommand is not None:
        return
    receiver = port + 2
    folder = data_dir or (KAFKA_DIR if kafka else DEMO_DIR)
    values: dict[str, object] = {"port": port, "webhook_allow": (f"127.0.0.1:{receiver}",)}
    settings = settings_for(folder, **values)
    if kafka:
        _refuse_another(settings)
    plan = show.Show(
        settings=settings,
        is_apart=kafka,
        receiver_port=receiver,
        speed=speed,
        first=_day(first),
        last=_day(last),
        open_browser=browser and sys.stdout.isatty(),
    )
    for number in (*plan.ports(), receiver):
        require_free(settings.host, number, setting="PORT= (make run) or --port")
    if not kafka:
        raise typer.Exit(show.run_show(plan, console()))
    # Not inside of the data folder, which is closed to others: as root PostgreSQL is another user.
    with running_servers(servers_beside(folder)) as (cluster, server):
        values |= {"kafka_bootstrap": cluster.bootstrap, "database_url": server.url()}
        settings = settings_for(folder, **values)
        console().print(where_to_look(settings, cluster, server), markup=False)
        plan = replace(plan, settings=settings)
        raise typer.Exit(show.run_show(plan, console()))


@app.command("reset")
def reset(data_dir: DataDir = DEMO_DIR) -> None:
    """Delete what the demo stored, so that the next start begins anew.

    Example: tocsin demo reset
    """
    settings = settings_for(data_dir)
    servers = servers_beside(settings.data_dir)
    if servers.exists():
        _refuse_another(settings)
        _reset_servers(settings.data_dir, servers)
        return
    if settings.database_url is None and not settings.database_path.exists():
        console().print(f"no demo in {settings.data_dir}")
        return
    with open_box(settings) as box:
        if not box.mission.replay:
            raise ConfigurationError(f"{settings.data_dir} holds a real mission; not deleted")
        if not box.database.is_file():
            migrate.remove(box.database.begin)
    shutil.rmtree(settings.data_dir)
    console().print(f"deleted {settings.data_dir}")


def _refuse_another(settings: Settings) -> None:
    """A folder with a database in it holds something else: this demo's is in its PostgreSQL."""
    if settings.database_path.exists():
        raise ConfigurationError(
            f"{settings.database_path} is of another mission: choose another folder with --data-dir"
        )


def _reset_servers(data_dir: Path, servers: Path) -> None:
    """Delete a demo with the servers that it started: they can only hold that one."""
    for one in (
        found_cluster(servers / "kafka", jars_folder()),
        found_server(place_for(servers / "postgresql")),
    ):
        if one is not None:
            one.clean()
    shutil.rmtree(servers)
    shutil.rmtree(data_dir, ignore_errors=True)
    console().print(f"deleted {data_dir} and {servers}")


def servers_beside(folder: Path) -> Path:
    """Return where the servers of a demo keep what they store."""
    return folder.resolve().with_name(f"{folder.name}-servers")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text} is not a day such as 2013-12-15") from error


def replay_command(
    url: Annotated[str, typer.Option(help="The door to send to.")] = "http://127.0.0.1:8080",
    speed: Annotated[
        float | None, typer.Option(min=1, help="Mission seconds a second; none: at once.")
    ] = None,
    first: Day = FIRST,
    last: Day = LAST,
    log: Annotated[
        Path | None, typer.Option(help="What `tocsin topics dump` wrote: process that instead.")
    ] = None,
    data_dir: DataDir = DEMO_DIR,
) -> None:
    """Send the sample's reports of some days to a running demo, stepping its mission clock.

    Reports that were sent before are answered with their first receipt. With --log, process the
    reports of a file into the database, without a door: `tocsin state-hash` then tells whether they
    lead to the same there. Endpoints that are configured there are rung when notify runs.

    Example: tocsin replay --first 2016-07-01 --last 2016-07-31 --speed 45000
    Example: tocsin replay --log reports.ndjson --data-dir elsewhere
    """
    settings = settings_for(data_dir)
    if log is not None:
        _process_log(settings, log)
        return
    sent = show.replay_days(
        settings, url=url, speed=speed, days=(_day(first), _day(last)), console=console()
    )
    console().print(f"{sent} reports sent")


def _process_log(settings: Settings, path: Path) -> None:
    # Only this form needs the client.
    from deploy.kafka.dump import DumpedLog, process_dump  # noqa: PLC0415

    dumped, stopping = DumpedLog(path), threading.Event()
    stop_on_signals(stopping)
    with open_box(settings) as box, Progress(console=console(), transient=True) as progress:
        task = progress.add_task("processing", total=len(dumped))
        process_dump(
            box, dumped, stop=stopping, note=lambda at: progress.update(task, completed=at)
        )
    if stopping.is_set():
        raise typer.Exit(1)
    console().print(f"{len(dumped)} records processed")
