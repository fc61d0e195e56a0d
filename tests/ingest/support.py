"""A door in a temporary folder: a real spool, a real database, an injected clock."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import orjson
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, create_engine
from starlette.testclient import TestClient

from ingest.app import create_app
from ingest.credentials import DeviceKey, KeyRing, Sender, issue
from ingest.door import Door
from ingest.gazetteer import Gazetteer
from ingest.limits import IntakeLimits
from ingest.receipts import ReceiptReader
from ingest.repository import StoredReports
from ingest.spool import Spool
from ingest.spool_entry import SpoolEntry
from ingest.spool_reader import SpoolReader
from schemas.codec import decode
from schemas.geometry import BoundingBox
from schemas.identity import report_id
from schemas.report import AdmittedReport
from schemas.tables import metadata

# A shared machine may be ten times slower for a moment; that is not what these tests are about.
patient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

NOON = datetime(2013, 12, 16, 12, 0, tzinfo=UTC)
JUBA = ZoneInfo("Africa/Juba")
NODE = "door-1"
UNIT = "ssd-bor-cla"
GAZETTEER = Gazetteer(
    zone=JUBA,
    area=BoundingBox(west=23.4, south=3.4, east=36.0, north=12.3),
    pcodes=frozenset({"SS01", "SS0101", "SS0301"}),
    mgrs_zone="36N",
)
SENDER = Sender(unit_id=UNIT, key_id="0badc0de00", max_level=1)

CLEAN: dict[str, Any] = {
    "root_id": "bor-2013-0001",
    "occurred_start": "2013-12-16T09:30:00Z",
    "reported_at": "2013-12-16T10:00:00Z",
    "location": {"lon": 31.56, "lat": 6.21, "precision": "P3", "pcode": "SS0301"},
    "event_type": "AC_CLASH",
    "actors": [{"name": "A", "type": "STATE_MILITARY"}],
    "victims": [{"harm": "KILLED", "population": "CIVILIANS", "best": 2}],
    "text": "Shots: two dead.",
}


def body(**changes: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return orjson.dumps({**CLEAN, **changes})


@dataclass
class SetClock:
    """A clock that shows what it was set to."""

    at: datetime = NOON
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds


class Keys:
    """Stored device keys in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, DeviceKey] = {}

    def load(self) -> Sequence[DeviceKey]:
        return list(self.stored.values())

    def issue(self, unit_id: str = UNIT, **changes: Any) -> str:  # noqa: ANN401 - fields of a key
        made = issue(unit_id, now=NOON, random_bytes=secrets.token_bytes, lifetime=None)
        self.stored[made.stored.key_id] = replace(made.stored, **changes)
        return made.secret


@dataclass
class Station:
    """A door with everything around it, and a client that knocks."""

    door: Door
    app: FastAPI
    client: TestClient
    spool: Spool
    clock: SetClock
    keys: Keys
    engine: Engine
    secret: str
    path: Path

    def post(self, content: bytes, **headers: str) -> httpx2.Response:
        return self._send("/v1/reports", content, headers)

    def post_batch(self, content: bytes, **headers: str) -> httpx2.Response:
        return self._send("/v1/reports:batch", content, headers)

    def get(self, path: str, secret: str | None = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        return self.client.get(path, headers=headers)

    def _send(self, path: str, content: bytes, headers: dict[str, str]) -> httpx2.Response:
        sent = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        for key, value in headers.items():
            sent[key.replace("_", "-").title()] = value
        return self.client.post(path, content=content, headers=sent)

    def stored(self) -> list[AdmittedReport]:
        """Give every message in the log, in order."""
        with SpoolReader(self.path / "spool.db", partition=NODE) as reader:
            records = reader.read(0, max_records=10_000, max_bytes=10**9)
        return [decode(AdmittedReport, record.value) for record in records]


@contextmanager
def station(path: Path, *, limits: IntakeLimits | None = None) -> Iterator[Station]:
    engine = create_engine(f"sqlite:///{path / 'tocsin.db'}")
    metadata.create_all(engine)
    clock, keys = SetClock(), Keys()
    secret = keys.issue()

    def read() -> AbstractContextManager[Connection]:
        return engine.connect()

    with Spool(path / "spool.db", node=NODE) as spool:
        door = Door(
            node=NODE,
            spool=spool,
            keys=KeyRing(keys.load, monotonic=clock.monotonic, system_now=clock.now),
            gazetteer=lambda: GAZETTEER,
            clock=clock,
            receipts=ReceiptReader(
                spool=spool,
                stored=StoredReports(read=read),
                kept_from=lambda: StoredReports(read=read).position(NODE),
            ),
            limits=limits or IntakeLimits(),
        )
        app = create_app(door)
        with TestClient(app) as client:
            yield Station(
                door=door,
                app=app,
                client=client,
                spool=spool,
                clock=clock,
                keys=keys,
                engine=engine,
                secret=secret,
                path=path,
            )
    engine.dispose()


def entry(root_id: str, *, revision: int = 1, text: str = "x", size: int = 0) -> SpoolEntry:
    value = text.encode() + b"." * size
    return SpoolEntry(
        root_id=root_id,
        revision=revision,
        sha256=text.ljust(64, "0")[:64],
        report_id=report_id(NOON, root_id, revision),
        value=value,
    )


def day(year: int, month: int, number: int) -> date:
    return date(year, month, number)
