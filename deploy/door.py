"""The door: ingest and api on one listener, in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Self

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from starlette.types import ASGIApp

from api.app import create_app as create_api
from api.parts import ApiParts, ApiSettings
from deploy.box import Box
from deploy.crash import Checkpoint, checkpoint_from
from deploy.door_copy import Known, write_copy
from deploy.farewell import Farewell, LeavingServer
from deploy.wiring import alert_desk_of, recomputer_of, start_thread
from ingest.app import create_app as create_intake
from ingest.credentials import KeyRing
from ingest.door import Door
from ingest.forward_file import ForwardFile
from ingest.forwarder import Forwarder
from ingest.gazetteer import Gazetteer
from ingest.limits import IntakeLimits
from ingest.metrics import IntakeMetrics
from ingest.openapi import openapi_components, openapi_paths
from ingest.receipts import ReceiptReader
from ingest.repository import DeviceKeys, StoredReports
from ingest.routes import intake_routes
from ingest.spool import Spool
from ingest.spool_entry import SpoolLimits
from ingest.spool_metrics import SpoolMetrics
from ingest.spool_reader import SpoolReader
from processing.adapters.sql.errors import translated
from schemas import tables
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

# Stored records stay in the spool for a while, so that a restored backup can be brought up to date.
_KEEP_RECORDS = 100_000
_TRIM_EVERY_S = 60.0
_GAZETTEER_S = 30.0
_COPY_EVERY_S = 30.0


def run_door(box: Box, *, parts: frozenset[str], stopping: threading.Event) -> None:
    """Serve until told to stop; what was answered 202 is durable."""
    registry = CollectorRegistry()
    with ExitStack() as stack:
        stack.callback(stopping.set)
        door: Door | None = None
        if "ingest" in parts:
            checkpoint = checkpoint_from(box.settings.crash_at)
            spool = _spool(box, stack, registry=registry, checkpoint=checkpoint)
            log = _Log.of_desk(box)
            if box.settings.kafka_bootstrap is not None:
                log = _forwarding(box, stack, spool, registry=registry, stopping=stopping)
            door = _door(box, spool, log, registry=registry)
            if not box.database.is_file():
                start_thread("copy", partial(_copying, box, stopping), stopping=stopping)
            start_thread("trim", _trimming(spool, log, stopping), stopping=stopping)
        app = Farewell(_app(box, door, parts, registry, stopping), stopping)
        server = LeavingServer(_config(box, app), stopping, farewell_s=box.settings.farewell_s)
        start_thread("farewell", server.leave, stopping=stopping)
        server.run()


def _app(
    box: Box,
    door: Door | None,
    parts: frozenset[str],
    registry: CollectorRegistry,
    stopping: threading.Event,
) -> FastAPI:
    if door is not None and "api" not in parts:
        return create_intake(door)
    return create_api(
        ApiParts(
            read=box.database.read,
            begin=box.database.begin,
            mission=box.mission,
            mission_clock=box.clock,
            system_clock=box.system_clock,
            monotonic=time.monotonic,
            alert_desk=alert_desk_of(box),
            recomputer=recomputer_of(box),
            settings=ApiSettings(
                public_url=box.settings.url,
                session_lifetime=timedelta(hours=box.settings.session_hours),
            ),
            web_root=web_root(),
            registry=registry,
            ready_checks={} if door is None else {"spool": door.spool.check},
            is_stopping=stopping.is_set,
            extra_routes=() if door is None else intake_routes(door),
            extra_openapi={} if door is None else openapi_paths(),
            extra_components={} if door is None else openapi_components(),
        )
    )


def _spool(
    box: Box, stack: ExitStack, *, registry: CollectorRegistry, checkpoint: Checkpoint
) -> Spool:
    settings = box.settings
    spool = Spool(
        settings.spool_path,
        node=settings.node,
        limits=SpoolLimits(max_file_bytes=settings.spool_max_bytes),
        wake_path=settings.wake_path,
        checkpoint=checkpoint,
        metrics=SpoolMetrics.of(registry),
    )
    return stack.enter_context(spool)


def _door(box: Box, spool: Spool, log: _Log, *, registry: CollectorRegistry) -> Door:
    settings = box.settings
    keys = DeviceKeys(read=box.database.read, begin=box.database.begin)
    return Door(
        node=settings.node,
        spool=spool,
        keys=KeyRing(
            keys.all,
            monotonic=time.monotonic,
            system_now=box.system_clock.now,
            known=None if box.known is None else box.known.keys,
        ),
        gazetteer=_Gazetteers(box).present,
        clock=box.clock,
        receipts=ReceiptReader(
            spool=spool,
            stored=StoredReports(read=box.database.read),
            kept_from=log.kept_from,
        ),
        limits=IntakeLimits(
            max_report_bytes=settings.body_max_bytes,
            max_batch_bytes=settings.batch_body_max_bytes,
            max_items=settings.batch_max_reports,
        ),
        metrics=IntakeMetrics.of(registry),
    )


def web_root() -> Path | None:
    """Return the built map client, or None when it was not built."""
    root = Path(str(files("api").joinpath("web", "dist")))
    return root if (root / "index.html").exists() else None


class _Gazetteers:
    """The present gazetteer, read again now and then: layers change rarely."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._present = self._read() if box.known is None else _gazetteer(box, box.known.pcodes)
        self._read_at = time.monotonic()

    def present(self) -> Gazetteer:
        now = time.monotonic()
        if now - self._read_at > _GAZETTEER_S:
            self._read_at = now
            try:
                self._present = self._read()
            except StorageError as error:
                # It is for warnings: without the database the last one will do.
                log.warning("layers not read again", reason=str(error))
        return self._present

    def _read(self) -> Gazetteer:
        return _gazetteer(self._box, _pcodes(self._box))


def _gazetteer(box: Box, pcodes: frozenset[str]) -> Gazetteer:
    return Gazetteer(zone=box.mission.zone(), area=box.mission.area.box(), pcodes=pcodes)


def _pcodes(box: Box) -> frozenset[str]:
    query = select(tables.layer_features.c.feature_id).where(
        tables.layer_features.c.layer.in_(["adm0", "adm1", "adm2"])
    )
    with translated(), box.database.read() as connection:
        return frozenset(row.feature_id for row in connection.execute(query))


def _copying(box: Box, stopping: threading.Event) -> None:
    """Keep what a door that starts while the database is away will have to know."""
    keys = DeviceKeys(read=box.database.read, begin=box.database.begin)
    is_stopped = False
    while not is_stopped:
        try:
            known = Known(
                at=box.system_clock.now(),
                mission=box.mission,
                pcodes=_pcodes(box),
                keys=tuple(keys.all()),
            )
            write_copy(box.settings.door_copy_path, known)
        except (StorageError, OSError) as error:
            log.warning("the door's copy is not renewed", reason=str(error))
        is_stopped = stopping.wait(_COPY_EVERY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """What of the spool is safe elsewhere: before `done_before` it may be trimmed.

    From `kept_from` on it may hold what the database has not.
    """

    done_before: Callable[[], int]
    kept_from: Callable[[], int]

    @classmethod
    def of_desk(cls, box: Box) -> Self:
        stored = StoredReports(read=box.database.read)
        position = partial(stored.position, box.settings.node)
        return cls(done_before=position, kept_from=position)

    @classmethod
    def of_kafka(cls, forwarder: Forwarder) -> Self:
        # How far processing is with this node's reports, its positions in Kafka do not tell.
        return cls(
            done_before=lambda: forwarder.progress.done_before,
            kept_from=lambda: max(0, forwarder.progress.done_before - _KEEP_RECORDS),
        )


def _forwarding(
    box: Box,
    stack: ExitStack,
    spool: Spool,
    *,
    registry: CollectorRegistry,
    stopping: threading.Event,
) -> _Log:
    """Send the spool on to Kafka until told to stop."""
    # Only this form needs the client.
    from deploy.kafka.joining import count_forwarding, forwarder_of  # noqa: PLC0415

    settings = box.settings
    reader = SpoolReader(settings.spool_path, partition=settings.node, wake_path=settings.wake_path)
    file = ForwardFile(settings.forward_path, partition=settings.node)
    forwarder = forwarder_of(settings, stack.enter_context(reader), stack.enter_context(file))
    count_forwarding(registry, forwarder, lambda: spool.end)
    thread = start_thread("forwarder", lambda: forwarder.run(stopping), stopping=stopping)
    stack.callback(thread.join)
    stack.callback(stopping.set)
    return _Log.of_kafka(forwarder)


def _trimming(spool: Spool, log: _Log, stopping: threading.Event) -> Callable[[], None]:
    def trim() -> None:
        while not stopping.wait(_TRIM_EVERY_S):
            spool.trim(max(0, log.done_before() - _KEEP_RECORDS))

    return trim


def _config(box: Box, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=box.settings.host,
        port=box.settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(box.settings.stop_seconds / 2),
    )
