"""The desk: processing and notify, in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from deploy.box import Box
from deploy.crash import checkpoint_from
from deploy.health import serving_health
from deploy.wiring import Watched, deliverer_of, start_thread, worker_of
from ingest.bell import Bell
from ingest.spool_reader import SpoolReader
from processing.adapters.http.deliver import Deliverer
from processing.adapters.sql.sqlite import Checkpointer, CheckpointLimits
from processing.engine.loop import Progress, Worker
from schemas.errors import TocsinError
from schemas.report import AdmittedReport

_BELL_S = 1.0
# A batch that ran this long without a pass is stuck.
_PATIENCE_S = 30.0


def run_desk(box: Box, *, parts: frozenset[str], stopping: threading.Event) -> None:
    """Process and notify until told to stop. Raises TocsinError when a part failed."""
    checkpoint = checkpoint_from(box.settings.crash_at)
    registry = CollectorRegistry()
    threads: list[Watched] = []
    with ExitStack() as stack:
        stack.callback(stopping.set)
        threads.append(_checkpoints(box, stopping))
        deliverer: Deliverer | None = None
        if "notify" in parts:
            deliverer = deliverer_of(box, checkpoint)
            _count_deliveries(registry, deliverer)
            threads.append(start_thread("deliverer", deliverer.run, stopping=stopping))
            stack.callback(deliverer.stop, box.settings.stop_seconds / 2)
            bell = stack.enter_context(Bell(box.settings.notify_path))
            threads.append(_listen(bell, deliverer, stopping))
        worker: Worker[AdmittedReport] | None = None
        if "process" in parts:
            source = stack.enter_context(
                SpoolReader(
                    box.settings.spool_path,
                    partition=box.settings.node,
                    wake_path=box.settings.wake_path,
                )
            )
            stored = deliverer.wake if deliverer is not None else _nobody
            worker = worker_of(box, source, checkpoint=checkpoint, stored=stored)
            _count_progress(registry, worker)
        stack.enter_context(
            serving_health(
                box.settings.host,
                box.settings.health_port,
                registry=registry,
                is_ready=lambda: not stopping.is_set() and _is_healthy(worker),
            )
        )
        if worker is not None:
            threads.append(start_thread("worker", lambda: worker.run(stopping), stopping=stopping))
        stopping.wait()
        # Before what the threads listen on is closed.
        if deliverer is not None:
            deliverer.stop(box.settings.stop_seconds / 2)
        _join(threads)
    failed = [thread.name for thread in threads if thread.failed]
    if failed:
        raise TocsinError(f"{', '.join(failed)} failed: see the log above")


def _nobody() -> None:
    """Nobody waits for new deliveries in this process; the notify process looks by itself."""


def _join(threads: list[Watched]) -> None:
    for thread in threads:
        thread.join()


def _is_healthy(worker: Worker[AdmittedReport] | None) -> bool:
    if worker is None:
        return True
    return worker.progress.is_healthy(now=time.monotonic(), patience_s=_PATIENCE_S)


def _checkpoints(box: Box, stopping: threading.Event) -> Watched:
    limits = CheckpointLimits(max_wal_bytes=box.settings.wal_max_bytes)
    checkpointer = Checkpointer(box.settings.database_path, limits, box.database.turnstile.held)
    return start_thread("checkpoints", lambda: checkpointer.run(stopping), stopping=stopping)


def _listen(bell: Bell, deliverer: Deliverer, stopping: threading.Event) -> Watched:
    def listen() -> None:
        while not stopping.is_set():
            if bell.wait(_BELL_S):
                deliverer.wake()

    return start_thread("bell", listen, stopping=stopping)


def _count_deliveries(registry: CollectorRegistry, deliverer: Deliverer) -> None:
    for name, says, read in (
        ("delivered", "webhooks answered with 2xx", lambda: deliverer.counts.delivered),
        ("failed_attempts", "webhook attempts", lambda: deliverer.counts.failed_attempts),
        ("given_up", "deliveries given up", lambda: deliverer.counts.given_up),
    ):
        gauge = Gauge(f"tocsin_notify_{name}", f"{says} since the start", registry=registry)
        gauge.set_function(read)


def _count_progress(registry: CollectorRegistry, worker: Worker[AdmittedReport]) -> None:
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


def _progress_now(worker: Worker[AdmittedReport], read: Callable[[Progress], float]) -> float:
    return read(worker.progress)
