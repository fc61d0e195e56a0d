"""tocsin dev: the real servers that development and tests need, on this machine only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.console import console, show_table
from deploy.kafka.broker import FIRST_PORT, Cluster, found_cluster, jars_folder
from deploy.postgresql.server import PORT, Server, found_server, place_for
from schemas.errors import ConfigurationError

dev = typer.Typer(
    help="A real Apache Kafka and PostgreSQL on loopback, for development and tests.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Option("--dir", help="Where the servers keep what they store.")]
_FOLDER = Path("tocsin-dev")
_SIZES = (1, 3)


@dev.command("up")
def up(
    nodes: Annotated[int, typer.Option(help="Nodes of Kafka: 1 or 3.")] = 1,
    port: Annotated[
        int, typer.Option(min=1_024, max=65_000, help="Port of Kafka's first node.")
    ] = FIRST_PORT,
    postgresql_port: Annotated[
        int, typer.Option(min=1_024, max=65_535, help="Port of PostgreSQL.")
    ] = PORT,
    folder: Folder = _FOLDER,
) -> None:
    """Start what does not run, and return when it serves.

    Data stays between starts. For another number of nodes or another port: tocsin dev down --clean.

    Example: tocsin dev up --nodes 3
    """
    if nodes not in _SIZES:
        raise typer.BadParameter("1 or 3", param_hint="--nodes")
    cluster = found_cluster(_kafka(folder), jars_folder())
    if cluster is None:
        cluster = Cluster(folder=_kafka(folder), jars=jars_folder(), size=nodes, first_port=port)
    elif (cluster.size, cluster.first_port) != (nodes, port):
        raise ConfigurationError(
            f"{folder} holds {cluster.size} node(s) from port {cluster.first_port}: give "
            f"--nodes {cluster.size} --port {cluster.first_port}, or tocsin dev down --clean first"
        )
    server = found_server(_postgresql(folder))
    if server is None:
        server = Server(folder=_postgresql(folder), port=postgresql_port)
    elif server.port != postgresql_port:
        raise ConfigurationError(
            f"{folder} holds a PostgreSQL on port {server.port}: give --postgresql-port "
            f"{server.port}, or tocsin dev down --clean first"
        )
    with console().status("starting Apache Kafka"):
        cluster.start()
    with console().status("starting PostgreSQL"):
        server.start()
    _show(cluster, server)
    console().print(f"\nexport TOCSIN_KAFKA_BOOTSTRAP={cluster.bootstrap}", markup=False)
    console().print(f"export TOCSIN_DATABASE_URL={server.url()}", markup=False)


@dev.command("down")
def down(
    clean: Annotated[bool, typer.Option("--clean", help="Delete what is stored too.")] = False,  # noqa: FBT002 - an option of the command line
    folder: Folder = _FOLDER,
) -> None:
    """Stop the servers; what they stored stays unless --clean.

    Example: tocsin dev down --clean
    """
    servers = [
        one
        for one in (found_cluster(_kafka(folder), jars_folder()), found_server(_postgresql(folder)))
        if one is not None
    ]
    if not servers:
        console().print(f"nothing in {folder}")
        return
    with console().status("stopping"):
        for one in servers:
            if clean:
                one.clean()
            else:
                one.stop()
    console().print("stopped" + (", and what was stored is deleted" if clean else ""))


@dev.command("status")
def status(folder: Folder = _FOLDER) -> None:
    """Show the servers; exit status 1 unless all of them run.

    Example: tocsin dev status
    """
    cluster = found_cluster(_kafka(folder), jars_folder())
    server = found_server(_postgresql(folder))
    if cluster is None or server is None:
        console().print(f"not both in {folder}: tocsin dev up starts them")
        raise typer.Exit(1)
    _show(cluster, server)
    if any(node.pid is None for node in cluster.nodes()) or not server.is_running():
        raise typer.Exit(1)


def _kafka(folder: Path) -> Path:
    return folder.resolve() / "kafka"


def _postgresql(folder: Path) -> Path:
    return place_for(folder.resolve() / "postgresql")


def _show(cluster: Cluster, server: Server) -> None:
    state = "running" if server.is_running() else "stopped"
    show_table(
        ("server", "address", "pid", "log"),
        [
            *[
                (f"kafka node {node.number}", node.address, node.pid or "stopped", node.log)
                for node in cluster.nodes()
            ],
            ("postgresql", server.url(), state, server.log),
        ],
    )
