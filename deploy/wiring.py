"""Joining the parts that may not import each other."""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from typing_extensions import override

from deploy.box import Box
from deploy.crash import Checkpoint
from deploy.database import Transaction
from ingest.bell import ring
from processing.adapters.http.attempting import Surroundings
from processing.adapters.http.deliver import Deliverer
from processing.adapters.http.sender import SendLimits
from processing.adapters.sql.alert_desk import SqlAlertDesk
from processing.adapters.sql.leases import SqlLeases
from processing.adapters.sql.outbox import SqlOutbox
from processing.adapters.sql.positions import SqlPositions
from processing.adapters.sql.queueing import Queueing
from processing.adapters.sql.recompute import SqlRecomputer
from processing.adapters.sql.transaction import sql_stores
from processing.batch.account import Account, is_urgent
from processing.engine.batch import Batch
from processing.engine.limits import EngineLimits
from processing.engine.loop import Worker
from processing.engine.ports import PartitionedLog, Ports, do_nothing
from processing.notify.addresses import allow_list
from processing.notify.sealing import Sealer
from processing.pipeline import Pipeline, no_checkpoint
from processing.watch.lease import Candidate
from processing.watch.relay import Relay
from processing.watch.watch import Watch
from schemas.log import Record

log = structlog.get_logger(__name__)


# What a notifier has claimed, others leave alone for so long: three times what an attempt may take.
# After a crash it waits so long, too.
LEASE_S = 30.0
# The lease of whoever leads the watch.
WATCH = "watch"


def recomputer_of(box: Box) -> SqlRecomputer:
    """Return what derives flags anew."""
    return SqlRecomputer(box.database.read, box.mission.zone())


def alert_desk_of(box: Box) -> SqlAlertDesk:
    """Return what stores people's answers; it wakes the desk, so that others hear of them."""
    return SqlAlertDesk(
        box.database.begin,
        link=link_of(box),
        announce=lambda: ring(box.settings.notify_path),
    )


def link_of(box: Box) -> Callable[[str], str]:
    """Return what makes the address at which people read an alert."""
    base = box.settings.url
    return lambda alert_id: f"{base}/#/alerts/{alert_id}"


def deliverer_of(box: Box, checkpoint: Checkpoint) -> Deliverer:
    """Return the sender of webhooks. Raises ConfigurationError for a wrong allow-list."""
    outbox = SqlOutbox(
        box.database.begin,
        box.database.read,
        sealer=Sealer(box.key),
        clock=box.clock,
        # A file has one notifier, the one of its box; on PostgreSQL there may be others.
        lease_s=None if box.database.is_file() else LEASE_S,
        # An alert does not wait for the batch that comes after its own.
        claims=None if box.database.is_file() else box.database.engine.begin,
    )
    limits = SendLimits(
        total_s=box.settings.webhook_timeout_s, allowed=allow_list(box.settings.webhook_allow)
    )
    around = Surroundings(
        clock=box.system_clock,
        monotonic=time.monotonic,
        jitter=random.SystemRandom().random,
        checkpoint=checkpoint,
    )
    return Deliverer(outbox, limits, around)


def watch_of(box: Box, relay: Relay | None) -> Watch:
    """Return one of those that watch, of which one leads."""
    leases = SqlLeases(box.database.begin, box.database.read, WATCH)
    holder = f"{box.settings.node}:{os.getpid()}:{secrets.token_hex(4)}"
    candidate = Candidate(
        leases,
        holder,
        monotonic=time.monotonic,
        # A file has one desk, the one of its box.
        is_alone=box.database.is_file(),
    )
    return Watch(candidate, relay, monotonic=time.monotonic)


def pipeline_of(box: Box, checkpoint: Checkpoint, begin: Transaction | None = None) -> Pipeline:
    """Return what stores batches, in transactions of the box's unless told. For one thread."""
    return Pipeline(
        sql_stores(begin or box.database.begin),
        box.mission.zone(),
        clock=box.clock,
        link=link_of(box),
        checkpoint=checkpoint,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What happens around a worker: at named points, after each batch, before each wait.

    It waits for `idle_s` at most before it looks again.
    """

    checkpoint: Checkpoint = no_checkpoint
    stored: Callable[[], None] = do_nothing
    rest: Callable[[], None] = do_nothing
    idle_s: float = 1.0


def worker_of(
    box: Box, source: PartitionedLog, decode: Callable[[Record], Account], around: Around
) -> Worker[Account]:
    """Return what moves a log into conclusions."""
    queueing = Queueing(box.database.begin, time.monotonic)
    pipeline = pipeline_of(box, around.checkpoint, queueing.begin)

    def stage(batch: Batch[Account]) -> None:
        pipeline(batch)
        around.stored()

    limits = EngineLimits(
        max_records=box.settings.batch_max_records,
        max_bytes=box.settings.batch_max_bytes,
        idle_s=around.idle_s,
    )
    ports = Ports(
        log=source,
        stage=stage,
        positions=SqlPositions(box.database.begin),
        decode=decode,
        monotonic=time.monotonic,
        is_urgent=is_urgent,
        rest=around.rest,
        waited_s=queueing.waited_s,
    )
    return Worker(ports, limits)


def start_thread(name: str, run: Callable[[], None], *, stopping: threading.Event) -> Watched:
    """Run something on a thread; if it fails, log it and stop the process."""
    watched = Watched(name, run, stopping)
    watched.start()
    return watched


class Watched(threading.Thread):
    """A thread whose failure ends the process, so that the supervisor starts it anew."""

    def __init__(self, name: str, work: Callable[[], None], stopping: threading.Event) -> None:
        super().__init__(name=name)
        self.failed = False
        self._work = work
        self._stopping = stopping

    @override
    def run(self) -> None:
        """Do the work."""
        try:
            self._work()
        except BaseException as error:
            self.failed = True
            log.exception("part failed", part=self.name, error=str(error))
            raise
        finally:
            if self.failed:
                self._stopping.set()
