"""A real Kafka for tests, in a folder of the test run, on loopback."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from deploy.kafka.broker import CONTROLLERS_ABOVE, Cluster, jars_folder
from schemas.topics import REPORTS
from tests.support.box import wait_for

_HEAP_MIB = 256
# Below what the system gives out by itself, so that nobody else takes one meanwhile.
_PORTS = range(21_000, 29_000, 7)


def limit_records(client: KafkaAdminClient, size: int) -> None:
    """Let the broker refuse larger reports; it says yes before it does so, and is waited for."""
    key = "max.message.bytes"
    asked = ConfigResource(ConfigResourceType.TOPIC, REPORTS.name, configs={key: str(size)})
    client.alter_configs([asked])
    read = ConfigResource(ConfigResourceType.TOPIC, REPORTS.name)

    def stands() -> str:
        found = client.describe_configs([read], config_filter="all")
        return str(found["topic"][REPORTS.name][key]["value"])

    wait_for(lambda: stands() == str(size), within_s=30.0, saying=f"{key} is {size}")


@contextmanager
def running_kafka(
    folder: Path, *, size: int = 1, formatting: Sequence[str] = (), more: str = ""
) -> Iterator[Cluster]:
    """Start a cluster, and leave nothing of it. In `more`, `PORT+N` is a port above its first."""
    first = _free(size)
    more = re.sub(r"PORT\+(\d+)", lambda found: str(first + int(found[1])), more)
    cluster = Cluster(
        folder=folder,
        jars=jars_folder(),
        size=size,
        first_port=first,
        heap_mib=_HEAP_MIB,
        more=more,
        formatting=formatting,
    )
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean()


def _free(size: int) -> int:
    """Return a port from which on brokers and controllers find theirs free."""
    offsets = [at + above for at in range(size) for above in (0, CONTROLLERS_ABOVE)]
    # Workers that run at the same time begin to look at different places.
    start = hash(socket.gethostname()) + id(offsets) // 64
    for number in range(len(_PORTS)):
        first = _PORTS[(start + number) % len(_PORTS)]
        if all(_is_free(first + offset) for offset in offsets):
            return first
    raise AssertionError("no free ports for Kafka")


def _is_free(port: int) -> bool:
    with ExitStack() as stack:
        probe = stack.enter_context(socket.socket())
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
