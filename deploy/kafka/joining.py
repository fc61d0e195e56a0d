"""Joining processing and ingest to Kafka, and what both tell of it.

Imported only where Kafka is the log: the client takes a third of a second to import.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from deploy.box import Box
from deploy.kafka.client import consumer, producer
from deploy.settings import Settings
from ingest.forward_file import ForwardFile
from ingest.forwarder import Forwarder, ForwardProgress
from ingest.kafka_publisher import connect
from ingest.spool_reader import SpoolReader
from processing.adapters.kafka.log import KafkaLog
from processing.adapters.kafka.outlet import KafkaOutlet
from processing.adapters.sql.changes_feed import SqlChangesFeed
from processing.batch.account import Account
from processing.engine.loop import Worker
from processing.watch.relay import Relay, Relayed

_Progress = TypeVar("_Progress")


def kafka_log_of(settings: Settings, *, pause: Callable[[float], object]) -> KafkaLog:
    """Return the topic of reports as the log of processing. Nothing is opened yet."""
    return KafkaLog(
        partial(consumer, settings),
        monotonic=time.monotonic,
        pause=pause,
        skip_gaps=settings.kafka_gap == "skip",
    )


def forwarder_of(settings: Settings, reader: SpoolReader, file: ForwardFile) -> Forwarder:
    """Return what sends the spool on to Kafka. Nothing is opened yet."""
    return Forwarder(
        reader, file, partial(connect, partial(producer, settings)), monotonic=time.monotonic
    )


def relay_of(box: Box) -> Relay:
    """Return what tells Kafka of conclusions. Nothing is opened yet."""
    outlet = KafkaOutlet(partial(producer, box.settings))
    return Relay(SqlChangesFeed(box.database.read), outlet)


def count_relaying(
    registry: CollectorRegistry, relay: Relay, is_leading: Callable[[], bool]
) -> None:
    """Publish how far the changes feed was told to Kafka, where this process does it.

    Who does not lead knows only how it was when it did, and says 0.
    """

    def lag(relayed: Relayed) -> float:
        return relayed.last - relayed.position if is_leading() else 0.0

    reads: tuple[tuple[str, str, Callable[[Relayed], float]], ...] = (
        ("lag", "changes that Kafka was not told of, if this process leads", lag),
        ("sent", "events acknowledged since the start", lambda one: one.sent),
        ("refused", "events that the broker will not have", lambda one: one.refused),
    )
    _publish(registry, "relay", lambda: relay.progress, reads)


def count_forwarding(
    registry: CollectorRegistry, forwarder: Forwarder, end: Callable[[], int]
) -> None:
    """Publish how far the spool was sent on; `end` is where the spool ends."""

    def oldest_s(progress: ForwardProgress) -> float:
        since = progress.unsent_since
        return 0.0 if since is None else time.monotonic() - since

    reads: tuple[tuple[str, str, Callable[[ForwardProgress], float]], ...] = (
        ("position", "first record that Kafka has not", lambda one: one.position),
        ("lag", "records that wait for Kafka", lambda one: max(0, end() - max(1, one.position))),
        ("oldest_unsent_seconds", "how long the oldest of them waits", oldest_s),
        ("sent", "records acknowledged since the start", lambda one: one.sent),
        ("refused", "records that the broker will not have", lambda one: len(one.refused)),
        ("connections", "connections made since the start", lambda one: one.connections),
        ("failures", "failures in a row", lambda one: one.failures_in_a_row),
    )
    _publish(registry, "forward", lambda: forwarder.progress, reads)


def _publish(
    registry: CollectorRegistry,
    of: str,
    progress: Callable[[], _Progress],
    reads: Iterable[tuple[str, str, Callable[[_Progress], float]]],
) -> None:
    def now(read: Callable[[_Progress], float]) -> float:
        return read(progress())

    for name, says, read in reads:
        gauge = Gauge(f"tocsin_{of}_{name}", says, registry=registry)
        gauge.set_function(partial(now, read))


def count_partitions(registry: CollectorRegistry, worker: Worker[Account], log: KafkaLog) -> None:
    """Publish how each partition that this process owns stands."""
    registry.register(_Partitions(worker, log))


class _Partitions(Collector):
    """Partitions come and go, so they are looked up when somebody asks."""

    def __init__(self, worker: Worker[Account], log: KafkaLog) -> None:
        self._worker = worker
        self._log = log

    @override
    def collect(self) -> Iterable[GaugeMetricFamily]:
        held, standings = self._worker.progress.partitions, self._log.standings
        at = {name: one.position for name, one in held.items()}
        yield _family("owned", "1: this process works on it", dict.fromkeys(standings, 1))
        yield _family("position", "next position to read", at)
        yield _family(
            "lag",
            "records of the partition that are not stored",
            {name: max(0, one.end - at.get(name, one.end)) for name, one in standings.items()},
        )
        yield _family(
            "records",
            "records stored since it is owned",
            {name: one.records for name, one in held.items()},
        )
        yield _family(
            "set_aside",
            "records set aside since it is owned",
            {name: one.set_aside for name, one in held.items()},
        )
        yield _family(
            "stopped",
            "1: its position is not in the topic; see the log",
            {name: float(one.problem is not None) for name, one in standings.items()},
        )


def _family(name: str, says: str, values: dict[str, float] | dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"tocsin_processing_{name}", says, labels=["partition"])
    for partition, value in sorted(values.items()):
        family.add_metric([partition], value)
    return family
