"""What a report costs processing and PostgreSQL when many incidents are stored, beside few.

The incidents come in through the product's own pipeline and writer, years of them one after
another; a day is as dense at the end as at the beginning.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import text

from deploy.database import open_postgresql
from deploy.garbage import rest_the_collector
from deploy.postgresql.server import Server
from tests.bench.desk import admitted, bench_desk
from tests.bench.generator import REPORTS_PER_DAY, START, generate
from tests.bench.machine import cpu_s, with_children
from tests.bench.result import Result
from tests.support.postgresql import running_postgresql
from tests.support.replaying import Desk

GOAL = 1.2
FEW = 10_000
_CHUNK = 60_000
_LOAD_BY, _MEASURE_BY = 8_000, 1_000
_MEASURED = 12_000
_DAYS = round(_CHUNK / REPORTS_PER_DAY)
# Late reports of a chunk come up to ten days after its end.
_APART = timedelta(days=_DAYS + 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of one report, in microseconds, with so many incidents stored."""

    incidents: int
    processing_us: float
    postgresql_us: float

    @property
    def whole_us(self) -> float:
        return self.processing_us + self.postgresql_us


def growth(folder: Path, *, incidents: int) -> Result:
    """Load incidents, and measure when few are stored and when all are."""
    began = time.monotonic()
    with running_postgresql() as server:
        desk = bench_desk(folder, open_postgresql(server.url()))
        # As the desk does after its first batch.
        rest_the_collector()
        stream = _values(desk)
        _load(desk, stream, FEW)
        few = _measure(desk, server, stream)
        _load(desk, stream, incidents)
        many = _measure(desk, server, stream)
        desk.database.engine.dispose()
    ratio = many.whole_us / few.whole_us
    return Result(
        name="growth",
        value=ratio,
        unit=f"x ({many.incidents:,} / {few.incidents:,})",
        goal=f"<= {GOAL}",
        is_met=ratio <= GOAL,
        figures={
            "processing_us_few": few.processing_us,
            "postgresql_us_few": few.postgresql_us,
            "processing_us_many": many.processing_us,
            "postgresql_us_many": many.postgresql_us,
            "loaded_in_s": time.monotonic() - began,
        },
    )


def _values(desk: Desk) -> Iterator[bytes]:
    for number in count():
        chunk = generate(_CHUNK, seed=1_000 + number, start=START + number * _APART, days=_DAYS)
        yield from admitted(chunk, desk.bundle)


def _load(desk: Desk, stream: Iterator[bytes], incidents: int) -> None:
    while (stored := _stored(desk)) < incidents:
        print(f"  {stored:,} incidents", end="\r", flush=True)
        # A report brings about half an incident: no more than are wanted.
        size = min(_LOAD_BY, max(_MEASURE_BY, incidents - stored))
        desk.store([next(stream) for _ in range(size)], batch_size=size)


def _measure(desk: Desk, server: Server, stream: Iterator[bytes]) -> Cost:
    values = [next(stream) for _ in range(_MEASURED)]
    postmaster = int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    before, own = _cpu(postmaster), time.process_time()
    desk.store(values, batch_size=_MEASURE_BY)
    own, database = time.process_time() - own, _cpu(postmaster) - before
    return Cost(
        incidents=_stored(desk),
        processing_us=own / _MEASURED * 1e6,
        postgresql_us=database / _MEASURED * 1e6,
    )


def _cpu(postmaster: int) -> float:
    return sum(map(cpu_s, with_children(postmaster)))


def _stored(desk: Desk) -> int:
    with desk.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM incidents")).scalar_one())
