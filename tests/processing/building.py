"""Builders that the checks of the desk share: a store in a file, a log in memory, reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, CursorResult, Engine, insert

from processing.adapters.sql import postgresql
from processing.adapters.sql.layers import store_layer
from processing.adapters.sql.positions import SqlPositions
from processing.adapters.sql.rules import store_rules
from processing.adapters.sql.sqlite import Begin, Read, SqliteOptions, reads, sqlite_engine, writes
from processing.adapters.sql.transaction import sql_stores
from processing.batch.account import Account, read_account
from processing.batch.intake import Arrival
from processing.engine.batch import Batch, Decoded, Stretch
from processing.pipeline import Checkpoint, Pipeline, no_checkpoint
from processing.rules.loading import default_rules
from schemas.codec import canonical, decode, encode, sha256
from schemas.delivery import Endpoint
from schemas.layer import Feature, LayerKind
from schemas.log import Record, within
from schemas.report import AdmittedReport, Report
from schemas.tables import endpoints, metadata
from tests.processing.world import FEATURES

ZONE = ZoneInfo("Africa/Juba")
NOON = datetime(2013, 12, 16, 12, tzinfo=UTC)
PARTITION = "node-a"


@dataclass
class MemoryLog:
    """A log in memory, as the engine's `Source`."""

    partition: str = PARTITION
    records: list[Record] = field(default_factory=list)
    waits: int = 0
    start: int = 0

    def append(self, value: bytes) -> None:
        self.records.append(
            Record(partition=self.partition, position=self.start + len(self.records), value=value)
        )

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        first = position - self.start
        return list(within(self.records[first : first + max_records], max_bytes))

    def peek(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        return self.read(position, max_records=max_records, max_bytes=max_bytes)

    def wait(self, timeout_s: float) -> bool:
        assert timeout_s > 0
        self.waits += 1
        return False


@dataclass
class FixedClock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Database:
    """A database with all tables."""

    engine: Engine
    begin: Begin
    read: Read


def database(where: Path | str) -> Database:
    """Open a file, or PostgreSQL at an address."""
    if isinstance(where, Path):
        engine = sqlite_engine(where, SqliteOptions(synchronous="NORMAL"))
        begin, read = writes(engine), reads(engine)
    else:
        engine = postgresql.postgresql_engine(where)
        begin, read = postgresql.writes(engine), postgresql.reads(engine)
    with begin() as connection:
        metadata.create_all(connection)
    return Database(engine=engine, begin=begin, read=read)


def ask(connection: Connection, query: str, *parameters: object) -> CursorResult[Any]:
    """Run a test's own SQL, with question marks and `replace(body, ...)`, on either database."""
    if connection.dialect.name == "postgresql":
        query = query.replace("?", "%s")
        text = r"convert_to(replace(convert_from(body, 'UTF8'), \1, \2), 'UTF8')"
        query = re.sub(r"replace\(body, (.*?), (.*?)\)", text, query)
    return connection.exec_driver_sql(query, parameters or None)


def count(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())  # noqa: S608


def report(root_id: str, **fields: object) -> Report:
    """A clash near Bor at noon, unless said otherwise."""
    place = fields.pop("location", None) or {"lon": 31.55, "lat": 6.2, "precision": "P3"}
    values = {
        "root_id": root_id,
        "event_type": "AC_CLASH",
        "occurred_start": NOON,
        "location": place,
        "source": {"reliability": "B", "credibility": "2"},
        **fields,
    }
    return Report.model_validate(values)


def admitted(
    said: Report,
    *,
    unit_id: str = "unit-1",
    node: str = PARTITION,
    received_at: datetime | None = None,
    radius_m: float | None = 1_000.0,
) -> AdmittedReport:
    """A report as admission would pass it on."""
    location = said.location
    is_placed = location.lon is not None and location.lat is not None
    return AdmittedReport(
        node=node,
        unit_id=unit_id,
        received_at=received_at or (said.occurred_start or NOON) + timedelta(hours=1),
        sha256=sha256(canonical(said.model_dump(mode="json"))),
        place_usable=is_placed,
        decoded_lon=location.lon if is_placed else None,
        decoded_lat=location.lat if is_placed else None,
        decoded_radius_m=radius_m if is_placed else None,
        decoded_from="degrees" if is_placed else None,
        report=said,
    )


def read_back(value: bytes) -> AdmittedReport:
    return decode(AdmittedReport, value)


def log_of(reports: Iterable[AdmittedReport], *, start: int = 0) -> MemoryLog:
    log = MemoryLog(start=start)
    for one in reports:
        log.append(encode(one))
    return log


Prepare = Callable[[Sequence[Arrival]], Sequence[Arrival]]


def batches(
    log: MemoryLog, database: Database, *, size: int, prepare: Prepare = tuple
) -> Iterable[Batch[Account]]:
    """The batches of a log from where the store stands, as the engine would cut them."""
    claim = SqlPositions(database.begin).claim([log.partition])[log.partition]
    position = claim.position
    while records := log.read(position, max_records=size, max_bytes=1 << 30):
        yield Batch(
            stretches=(
                Stretch(
                    partition=log.partition,
                    epoch=claim.epoch,
                    start=position,
                    end=records[-1].position + 1,
                ),
            ),
            records=tuple(prepare([Decoded(one, read_account(one.value)) for one in records])),
        )
        position = records[-1].position + 1


def mission(where: Path | str, *, features: Iterable[Feature] = FEATURES) -> Database:
    """A database with the small mission's layers and the rules that ship."""
    made = database(where)
    layers: dict[LayerKind, list[Feature]] = {}
    for feature in features:
        layers.setdefault(feature.layer, []).append(feature)
    for kind, found in layers.items():
        store_layer(made.begin, kind, found, source="made up", now=NOON)
    store_rules(made.begin, default_rules().rules, now=NOON)
    return made


def add_endpoint(made: Database, endpoint: Endpoint) -> None:
    with made.begin() as connection:
        connection.execute(
            insert(endpoints).values(
                endpoint_id=endpoint.endpoint_id,
                body=encode(endpoint),
                secret_sealed=b"",
                created_at=NOON,
            )
        )


def pipeline(made: Database, checkpoint: Checkpoint = no_checkpoint) -> Pipeline:
    return Pipeline(
        sql_stores(made.begin), ZONE, clock=FixedClock(), link=link, checkpoint=checkpoint
    )


def link(alert_id: str) -> str:
    return f"https://tocsin.example/#/alerts/{alert_id}"


def process(
    made: Database,
    reports: Iterable[AdmittedReport],
    *,
    size: int = 100,
    prepare: Prepare = tuple,
    is_urgent: Callable[[Account], bool] | None = None,
) -> None:
    """Process further reports, after what was processed before; of each batch the urgent first."""
    stage = pipeline(made)
    start = SqlPositions(made.begin).load([PARTITION])[PARTITION].position
    for batch in batches(log_of(reports, start=start), made, size=size, prepare=prepare):
        if is_urgent is not None:
            stage(
                replace(
                    batch, records=tuple(one for one in batch.records if is_urgent(one.message))
                ).ahead()
            )
        stage(batch)
