"""The servers of a demo on Apache Kafka and PostgreSQL: started for it and stopped with it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.embedded import ports_apart
from deploy.kafka.broker import FIRST_PORT, Cluster, jars_folder
from deploy.kafka.client import admin
from deploy.kafka.topics import make_topics
from deploy.postgresql.server import PORT, Server, place_for
from deploy.settings import Settings

# Beside those of `tocsin dev up`.
_KAFKA_PORT, _POSTGRESQL_PORT = FIRST_PORT + 10, PORT + 10


@contextmanager
def running_servers(folder: Path) -> Generator[tuple[Cluster, Server]]:
    """Run both from a folder, with the topics made. What they store stays there."""
    cluster = Cluster(folder=folder / "kafka", jars=jars_folder(), size=1, first_port=_KAFKA_PORT)
    server = Server(folder=place_for(folder / "postgresql"), port=_POSTGRESQL_PORT)
    with ExitStack() as stack:
        stack.callback(cluster.stop)
        cluster.start()
        stack.callback(server.stop)
        server.start()
        with admin(Settings(kafka_bootstrap=cluster.bootstrap)) as client:
            make_topics(client, replicas=1)
        yield cluster, server


def where_to_look(settings: Settings, cluster: Cluster, server: Server) -> str:
    """Say where topics, lag and rows can be watched."""
    return (
        f"Apache Kafka at {cluster.bootstrap}, PostgreSQL at {server.url()}\n"
        f"  the topic:  TOCSIN_KAFKA_BOOTSTRAP={cluster.bootstrap} tocsin topics check\n"
        f"  the lag:    curl -s http://{settings.host}:{settings.health_port}/metrics | grep lag\n"
        f"  each part:  {_parts(settings)}\n"
        f"  the rows:   psql {server.url()}, then TABLE incidents LIMIT 3;"
    )


def _parts(settings: Settings) -> str:
    parts = ports_apart(settings).items()
    return ", ".join(f"{part} http://{settings.host}:{port}" for part, port in parts)
