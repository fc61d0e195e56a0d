"""tocsin dev: the real servers that development and tests need, on this machine only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.console import console, show_table
from deploy.kafka.broker import FIRST_PORT, Cluster, found_cluster, jars_folder
from schemas.errors import ConfigurationError

dev = typer.Typer(
    help="A real Apache Kafka on loopback, for development and tests.", no_args_is_help=True
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
    with console().status("starting Apache Kafka"):
        cluster.start()
    _show(cluster)
    console().print(f"\nexport TOCSIN_KAFKA_BOOTSTRAP={cluster.bootstrap}", markup=False)


@dev.command("down")
def down(
    clean: Annotated[bool, typer.Option("--clean", help="Delete what is stored too.")] = False,  # noqa: FBT002 - an option of the command line
    folder: Folder = _FOLDER,
) -> None:
    """Stop the servers; what they stored stays unless --clean.

    Example: tocsin dev down --clean
    """
    cluster = found_cluster(_kafka(folder), jars_folder())
    if cluster is None:
        console().print(f"nothing in {folder}")
        return
    with console().status("stopping Apache Kafka"):
        if clean:
            cluster.clean()
        else:
            cluster.stop()
    console().print("stopped" + (", and what was stored is deleted" if clean else ""))


@dev.command("status")
def status(folder: Folder = _FOLDER) -> None:
    """Show the servers; exit status 1 unless all of them run.

    Example: tocsin dev status
    """
    cluster = found_cluster(_kafka(folder), jars_folder())
    if cluster is None:
        console().print(f"nothing in {folder}: tocsin dev up starts it")
        raise typer.Exit(1)
    _show(cluster)
    if any(node.pid is None for node in cluster.nodes()):
        raise typer.Exit(1)


def _kafka(folder: Path) -> Path:
    return folder.resolve() / "kafka"


def _show(cluster: Cluster) -> None:
    show_table(
        ("server", "address", "pid", "log"),
        [
            (f"kafka node {node.number}", node.address, node.pid or "stopped", node.log)
            for node in cluster.nodes()
        ],
    )
