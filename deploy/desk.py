"""The desk: processing, watch and notify, in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from deploy.ahead import AheadSource, Reading, start_child
from deploy.box import Box
from deploy.crash import checkpoint_from
from deploy.garbage import Sweeper
from deploy.health import serving_health
from deploy.wiring import (
    Around,
    Watched,
    deliverer_of,
    start_thread,
    watch_of,
    worker_of,
)
from ingest.bell import Bell, ring
from ingest.spool_reader import SpoolReader
from processing.adapters.http.deliver import Deliverer
from processing.adapters.sql.sqlite import Checkpointer, CheckpointLimits
from processing.batch.account import Account, read_account
from processing.engine.loop import Progress, Worker
from processing.engine.ports import SoleLog
from processing.watch.watch import Watch
from schemas.errors import TocsinError

_BELL_S = 1.0
# How long Kafka is asked for news in one go; whoever stops waits so long for it.
_KAFKA_IDLE_S = 0.2
# A batch that ran this long without a pass is stuck.
_PATIENCE_S = 30.0


def run_desk(box: Box, *, parts: frozenset[str], stopping: threading.Event) -> None:
    """Process, watch and notify until told to stop. Raises TocsinError when a part failed."""
    with ExitStack() as stack:
        stack.callback(stopping.set)
        desk = _Desk(box=box, stack=stack, stopping=stopping)
        checkpointer = _checkpointer(box)
        if checkpointer is not None:
            desk.run("checkpoints", checkpointer.run)
        deliverer = desk.notifier() if "notify" in parts else None
        worker = desk.processor(deliverer) if "process" in parts else None
        watch = desk.watcher() if "watch" in parts else None
        stack.enter_context(
            serving_health(
                box.settings.host,
                box.settings.health_port,
                registry=desk.registry,
                problem=partial(_problem, stopping, worker, watch),
            )
        )
        if worker is not None:
            desk.run("worker", worker.run)
        if watch is not None:
            desk.run("watch", watch.run)
        stopping.wait()
        # Before what the threads listen on is closed.
        if deliverer is not None:
            deliverer.stop(box.settings.stop_seconds / 2)
        desk.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What the parts of a desk share while they are put together."""

    box: Box
    stack: ExitStack
    stopping: threading.Event
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    threads: list[Watched] = field(default_factory=list)

    def run(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self.threads.append(
            start_thread(name, partial(work, self.stopping), stopping=self.stopping)
        )

    def join(self) -> None:
        for thread in self.threads:
            thread.join()
        failed = [thread.name for thread in self.threads if thread.failed]
        if failed:
            raise TocsinError(f"{', '.join(failed)} failed: see the log above")

    def notifier(self) -> Deliverer:
        deliverer = deliverer_of(self.box, checkpoint_from(self.box.settings.crash_at))
        _count_deliveries(self.registry, deliverer)
        self.run("deliverer", lambda _stopping: deliverer.run())
        self.stack.callback(deliverer.stop, self.box.settings.stop_seconds / 2)
        bell = self.stack.enter_context(Bell(self.box.settings.notify_path))
        self.run("bell", partial(_listen, bell, deliverer))
        return deliverer

    def watcher(self) -> Watch:
        if self.box.settings.kafka_bootstrap is None:
            watch = watch_of(self.box, None)
        else:
            # Only this form needs the client.
            from deploy.kafka.joining import count_relaying, relay_of  # noqa: PLC0415

            relay = relay_of(self.box)
            watch = watch_of(self.box, relay)
            count_relaying(self.registry, relay, lambda: watch.is_leading)
        leading = Gauge("tocsin_watch_leading", "1: this watch leads", registry=self.registry)
        leading.set_function(lambda: float(watch.is_leading))
        return watch

    def processor(self, deliverer: Deliverer | None) -> Worker[Account]:
        sweeper = Sweeper(time.monotonic)
        around = Around(
            checkpoint=checkpoint_from(self.box.settings.crash_at),
            stored=partial(_stored, deliverer, self.box.settings.notify_path, sweeper),
            rest=sweeper.rest,
        )
        if self.box.settings.kafka_bootstrap is not None:
            return self._on_kafka(around)
        return self._on_spool(around)

    def _on_kafka(self, around: Around) -> Worker[Account]:
        # Only this form needs the client.
        from deploy.kafka.joining import count_partitions, kafka_log_of  # noqa: PLC0415

        shared = kafka_log_of(self.box.settings, pause=self.stopping.wait)
        self.stack.callback(shared.close)
        worker = worker_of(
            self.box,
            shared,
            lambda record: read_account(record.value),
            replace(around, idle_s=_KAFKA_IDLE_S),
        )
        count_partitions(self.registry, worker, shared)
        return worker

    def _on_spool(self, around: Around) -> Worker[Account]:
        settings = self.box.settings
        reader = SpoolReader(
            settings.spool_path, partition=settings.node, wake_path=settings.wake_path
        )
        self.stack.enter_context(reader)
        reading = Reading(
            spool=settings.spool_path,
            partition=settings.node,
            database=settings.database_path if self.box.database.is_file() else None,
            zone=self.box.mission.zone(),
        )
        ahead = AheadSource(
            reader,
            partial(start_child, reading),
            monotonic=time.monotonic,
        )
        source = self.stack.enter_context(ahead)
        worker = worker_of(self.box, SoleLog(source), source.decode, around)
        _count_progress(self.registry, worker)
        return worker


def _stored(deliverer: Deliverer | None, notify_path: Path, sweeper: Sweeper) -> None:
    if deliverer is not None:
        deliverer.wake()
    else:
        # One on another machine looks by itself.
        ring(notify_path)
    sweeper.sweep()


class _Part(Protocol):
    def is_healthy(self, *, now: float, patience_s: float) -> bool: ...


def _problem(stopping: threading.Event, *parts: _Part | None) -> str | None:
    if stopping.is_set():
        return "it stops"
    now = time.monotonic()
    if all(one is None or one.is_healthy(now=now, patience_s=_PATIENCE_S) for one in parts):
        return None
    return "see the log of this process"


def _checkpointer(box: Box) -> Checkpointer | None:
    turnstile = box.database.turnstile
    if turnstile is None:
        return None
    limits = CheckpointLimits(max_wal_bytes=box.settings.wal_max_bytes)
    return Checkpointer(box.settings.database_path, limits, turnstile.held)


def _listen(bell: Bell, deliverer: Deliverer, stopping: threading.Event) -> None:
    while not stopping.is_set():
        if bell.wait(_BELL_S):
            deliverer.wake()


def _count_deliveries(registry: CollectorRegistry, deliverer: Deliverer) -> None:
    for name, says, read in (
        ("delivered", "webhooks answered with 2xx", lambda: deliverer.counts.delivered),
        ("failed_attempts", "webhook attempts", lambda: deliverer.counts.failed_attempts),
        ("given_up", "deliveries given up", lambda: deliverer.counts.given_up),
    ):
        gauge = Gauge(f"tocsin_notify_{name}", f"{says} since the start", registry=registry)
        gauge.set_function(read)


def _count_progress(registry: CollectorRegistry, worker: Worker[Account]) -> None:
    reads: tuple[tuple[str, str, Callable[[Progress], float]], ...] = (
        ("position", "next position to read", lambda progress: progress.position),
        ("records", "records stored since the start", lambda progress: progress.records),
        ("batches", "batches committed since the start", lambda progress: progress.batches),
        ("set_aside", "records set aside since the start", lambda progress: progress.set_aside),
        ("failures", "failed tries in a row", lambda progress: progress.failures_in_a_row),
        ("last_took_seconds", "how long the last batch took", lambda one: one.last_took_s),
    )
    for name, says, read in reads:
        gauge = Gauge(f"tocsin_processing_{name}", says, registry=registry)
        gauge.set_function(partial(_progress_now, worker, read))


def _progress_now(worker: Worker[Account], read: Callable[[Progress], float]) -> float:
    return read(worker.progress)
