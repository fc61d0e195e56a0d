"""`make campaign`: what the tests do to the system, at full size and with more seeds.

Example: make campaign ARGS="--only kills house --seeds 1 2 3"
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.show import planned_reports
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin
from deploy.kafka.topics import make_topics
from deploy.postgresql.server import Server
from deploy.settings import Settings
from tests.support.house import posts_of
from tests.support.kafka import running_kafka
from tests.support.postgresql import running_postgresql
from tests.system import house_runs
from tests.system.house_runs import RATE, Found
from tests.system.killing import BROKER, Kill, nothing_shows, run_under_kills, schedule

REPORTS, KILLS, OUTSIDE = 100_000, 60, 12
PAUSED_S, REFUSED_S, STOPS, DISCONNECTIONS = 40.0, 300.0, 10, 100
AWAY_S = 60.0
# While everything is stopped and started again, and the machine is busy.
_ROLLING_S = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What a run of many processes has of its own."""

    folder: Path
    kafka: Cluster
    postgresql: Server


@contextmanager
def servers(*, brokers: int = 1) -> Iterator[Servers]:
    with (
        tempfile.TemporaryDirectory() as name,
        running_kafka(Path(name) / "kafka", size=brokers) as kafka,
        running_postgresql() as postgresql,
    ):
        with admin(Settings(kafka_bootstrap=kafka.bootstrap)) as client:
            make_topics(client, replicas=brokers)
        yield Servers(folder=Path(name), kafka=kafka, postgresql=postgresql)


def kills(seed: int) -> str:
    """Door and desk die at every named place and at random, embedded."""
    planned = planned_reports()
    with tempfile.TemporaryDirectory() as folder:
        points = schedule(seed, reports=len(planned), outside=OUTSIDE)
        outcome = run_under_kills(Path(folder), planned, points)
    assert nothing_shows(outcome)
    return f"{outcome.kills} kills, {outcome.with_work_in_flight} with work in flight"


def kafka(seed: int) -> str:
    """The same, and the broker dies, with Kafka between spool and desk, and a file."""
    planned = planned_reports()[:1_200]
    points = schedule(seed, reports=len(planned), outside=4)
    broker = Kill(after=points[3].after + 30, victims=BROKER, name=None)
    with servers() as on:
        outcome = run_under_kills(
            on.folder,
            planned,
            [*points[:4], broker, *points[4:]],
            kafka=on.kafka,
            kafka_instance="desk",
            kafka_session_s=6,
        )
    assert nothing_shows(outcome)
    return f"{outcome.kills} kills, {outcome.with_work_in_flight} with work in flight"


def house(seed: int) -> str:
    """Two doors, three workers, two watches, two notifiers and an api die at random."""
    with servers() as on:
        run = house_runs.run_under_kills(
            on.folder,
            reports=REPORTS,
            kills=KILLS,
            seed=seed,
            kafka=on.kafka,
            postgresql=on.postgresql,
        )
    _unseen(run.found)
    assert run.without_lag == 0, f"{run.without_lag} kills while nothing waited"
    assert run.found.reports == REPORTS, f"{run.found.reports} stored"
    assert max(run.found.shares) <= 0.4, run.found.shares
    assert run.differing == (), run.differing[:3]
    return f"{len(run.kills)} kills, {run.found.reports:,} reports, {run.found.rubbish} set aside"


def outages(seed: int) -> str:
    """The broker pauses, dies and is away, PostgreSQL stops, connections end, at 500 reports/s."""
    lasts_s = PAUSED_S + REFUSED_S + 6.0 * STOPS + DISCONNECTIONS + 200.0
    with servers() as on:
        run = house_runs.run_through_outages(
            on.folder,
            posts=posts_of(round(RATE * lasts_s / 1.1), seed=seed),
            kafka=on.kafka,
            postgresql=on.postgresql,
            paused_s=PAUSED_S,
            refused_s=REFUSED_S,
            stops=STOPS,
            disconnections=DISCONNECTIONS,
            with_one_too_large=True,
        )
    _unseen(run.found)
    assert run.refused_by_broker == 1, run.refused_by_broker
    return _said(run.found, run.drained)


def three(seed: int) -> str:
    """One of three brokers dies and comes back, at 500 reports/s."""
    with servers(brokers=3) as on:
        run = house_runs.run_without_one_of_three(
            on.folder,
            posts=posts_of(round(RATE * (AWAY_S + 200.0)), seed=seed),
            kafka=on.kafka,
            postgresql=on.postgresql,
            away_s=AWAY_S,
        )
    _unseen(run.found)
    return _said(run.found, run.drained)


def rolling(seed: int) -> str:
    """Every process stops and starts again, one after another, at 500 reports/s."""
    with servers() as on:
        run = house_runs.run_rolling_restart(
            on.folder,
            posts=posts_of(round(RATE * _ROLLING_S), seed=seed),
            kafka=on.kafka,
            postgresql=on.postgresql,
        )
    assert set(run.codes.values()) == {0}, run.codes
    assert max(run.took_s.values()) <= 10.0, run.took_s
    found = run.found
    assert found.shown() == [], found.shown()
    assert found.unanswered + found.answered_later < 0.001 * found.requests, found
    return f"{_said(found, ())}; the slowest stopped in {max(run.took_s.values()):.1f} s"


def _unseen(found: Found) -> None:
    assert found.shown() == [], found.shown()


def _said(found: Found, drained: tuple[float, ...]) -> str:
    rates = ", ".join(f"{rate:,.0f}/s" for rate in drained)
    return (
        f"{found.requests:,} requests, {found.unanswered} unanswered, {found.answered_later} asked "
        f"to come back; drained at {rates or '-'}"
    )


RUNS: dict[str, Callable[[int], str]] = {
    one.__name__: one for one in (kills, kafka, house, outages, three, rolling)
}


def main() -> int:
    listed = "\n".join(f"  {name:8} {run.__doc__}" for name, run in RUNS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"runs:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.only:
        for seed in arguments.seeds:
            began = time.monotonic()
            try:
                says = RUNS[name](seed)
            except AssertionError as error:
                failed += 1
                says = f"FAILED: {error}"
            print(f"{name} {seed}, {time.monotonic() - began:.0f} s: {says}", flush=True)
    print(f"{len(arguments.only) * len(arguments.seeds)} runs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
