"""The same on Apache Kafka and PostgreSQL: throughput, latency and idling, all on this machine.

Door, desk, broker, database, sender and receiver share its cores. The limit of the throughput is
the bare producer of kafka-python with the product's settings, on the same broker, by turns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from kafka.admin import NewTopic

from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin, producer
from deploy.kafka.topics import make_topics
from deploy.postgresql.server import Server
from deploy.settings import Settings
from ingest.publisher import key_of
from schemas.topics import REPORTS, report_headers
from tests.bench.boxes import bench_box, start, wait_stored
from tests.bench.client import Client, Plan
from tests.bench.end_to_end import outcome
from tests.bench.generator import Sent, generate
from tests.bench.latency import latency_on_kafka
from tests.bench.listener import listening
from tests.bench.machine import cpu_s, with_children
from tests.bench.plans import by_unit, lanes
from tests.bench.result import Result
from tests.support.box import RunningBox
from tests.support.kafka import running_kafka
from tests.support.postgresql import running_postgresql

GOAL = 0.25
IDLE_PERCENT = 3.0
_ROUNDS = 3
_WITHIN_S = 900.0
_SETTLE_S = 10.0
_SCRATCH = "bench.scratch"
# The parts that stand for one each on this machine, and those that are measured beside them.
_PARTS = ("desk", "door")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The broker and the database of a benchmark."""

    kafka: Cluster
    postgresql: Server

    def settings(self) -> dict[str, Any]:
        """What a box needs to be told."""
        return {
            "kafka_bootstrap": self.kafka.bootstrap,
            "database_url": self.postgresql.url(),
        }

    def pids(self) -> dict[str, int]:
        """The process of each; the database's has children."""
        (node,) = self.kafka.nodes()
        assert node.pid is not None
        postmaster = (self.postgresql.folder / "data" / "postmaster.pid").read_text()
        return {"kafka": node.pid, "postgresql": int(postmaster.splitlines()[0])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One share of the reports: sent and stored, then produced bare."""

    rate: float
    bare_rate: float
    reports: int
    cpu_s: dict[str, float]


@contextmanager
def around(folder: Path) -> Iterator[Around]:
    """Start a broker and a database, which keeps what it stored as one in use does."""
    with running_kafka(folder / "kafka") as kafka, running_postgresql() as postgresql:
        with admin(Settings(kafka_bootstrap=kafka.bootstrap)) as client:
            make_topics(client, replicas=1)
            client.create_topics([NewTopic(_SCRATCH, REPORTS.partitions, 1)])
        yield Around(kafka=kafka, postgresql=postgresql)


def kafka_end_to_end(folder: Path, *, reports: int) -> Result:
    """Send everything in rounds; after each, produce the same bytes to another topic."""
    sent = generate(reports)
    with (
        around(folder) as beside,
        listening(folder) as listener,
        bench_box(folder, receiver_url=listener.url, **beside.settings()) as box,
    ):
        start(box, *_PARTS)
        # The first batch makes the desk read its layers and rules, and the group settle.
        first, *batches = by_unit(sent)
        _round(folder, box, [first], beside)
        share = -(-len(batches) // _ROUNDS)
        rounds = [
            _round(folder, box, batches[at : at + share], beside)
            for at in range(0, len(batches), share)
        ]
        became = outcome(box)
    ratio = median(one.rate / one.bare_rate for one in rounds)
    total = sum(one.reports for one in rounds)
    return Result(
        name="kafka_end_to_end",
        value=ratio,
        unit="of bare kafka-python",
        goal=f">= {GOAL}",
        is_met=ratio >= GOAL,
        figures={
            "reports_a_s": median(one.rate for one in rounds),
            "slowest_round_a_s": min(one.rate for one in rounds),
            "bare_produced_a_s": median(one.bare_rate for one in rounds),
            **{
                f"{name}_cpu_us_per_report": sum(one.cpu_s[name] for one in rounds) / total * 1e6
                for name in rounds[0].cpu_s
            },
            **became,
        },
    )


def kafka_latency(folder: Path, *, runs: int, run_s: float) -> Result:
    """Measure from a report's sending to the first webhook attempt, beside 1,000 reports/s."""
    with around(folder) as beside:
        return latency_on_kafka(folder, runs=runs, run_s=run_s, **beside.settings())


def kafka_idle(folder: Path, *, seconds: float) -> Result:
    """Read the CPU time of each part while nothing happens; the consumer is judged."""
    names = ("process-1", "watch-1", "notify-1", "ingest-1", "api")
    with around(folder) as beside, bench_box(folder, **beside.settings()) as box:
        start(box, *names)
        time.sleep(_SETTLE_S)
        before = _cpu(_pids(box, beside))
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        after = _cpu(_pids(box, beside))
    used = {name: 100 * (after[name] - before[name]) / took for name in before}
    consumer = used["process-1"]
    return Result(
        name="kafka_idle",
        value=consumer,
        unit="% of a core (process)",
        goal=f"< {IDLE_PERCENT:g}",
        is_met=consumer < IDLE_PERCENT,
        figures={f"{name}_percent": value for name, value in used.items()},
    )


def _round(
    folder: Path, box: RunningBox, batches: Sequence[Sequence[Sent]], beside: Around
) -> Round:
    before = box.spooled()
    count = sum(map(len, batches))
    plan = Plan(
        url=box.url,
        lanes=lanes(batches, box.prepared.keys),
        clock_path=box.settings.clock_path,
    )
    client = Client(plan, folder)
    cpu = _cpu(_pids(box, beside))
    answers = client.run()
    began = min(one.sent for one in answers)
    stored = wait_stored(box, within_s=_WITHIN_S)
    spent = _cpu(_pids(box, beside))
    bare_cpu = time.process_time()
    bare_rate = _produce(beside.kafka, _values(box, before))
    bare_cpu = time.process_time() - bare_cpu
    return Round(
        rate=count / (stored - began),
        bare_rate=bare_rate,
        reports=count,
        cpu_s={**{name: spent[name] - cpu[name] for name in cpu}, "bare": bare_cpu},
    )


def _values(box: RunningBox, after: int) -> list[bytes]:
    rows = box.rows(f"SELECT body FROM reports WHERE position > {after} ORDER BY position")  # noqa: S608 - a number
    return [bytes(value) for (value,) in rows]  # type: ignore[call-overload] # psycopg gives bytes


def _produce(kafka: Cluster, values: Sequence[bytes]) -> float:
    """Return records a second of a bare producer, until the last is acknowledged."""
    keyed = [
        (key_of(value), value, report_headers("node-1", n)) for n, value in enumerate(values, 1)
    ]
    with closing(producer(Settings(kafka_bootstrap=kafka.bootstrap))) as client:
        client.partitions_for(_SCRATCH)
        began = time.perf_counter()
        futures = [
            client.send(_SCRATCH, value, key=key, headers=headers) for key, value, headers in keyed
        ]
        client.flush(timeout=300)
        for future in futures:
            future.get(timeout=0)
        return len(values) / (time.perf_counter() - began)


def _pids(box: RunningBox, beside: Around) -> Mapping[str, int]:
    return {**{name: one.pid for name, one in box.processes.items()}, **beside.pids()}


def _cpu(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds of each with its children that live now."""
    return {name: sum(map(_of_one, with_children(pid))) for name, pid in pids.items()}


def _of_one(pid: int) -> float:
    # A background process of the database may have ended since.
    with suppress(FileNotFoundError, ProcessLookupError):
        return cpu_s(pid)
    return 0.0
