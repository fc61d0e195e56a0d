"""Two doors, three workers, two watches, two notifiers and an api, killed at random."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin
from deploy.kafka.topics import make_topics
from deploy.postgresql.server import Server
from deploy.settings import Settings
from tests.support.house import posts_of
from tests.support.kafka import running_kafka
from tests.support.postgresql import running_postgresql
from tests.system.house_runs import (
    run_rolling_restart,
    run_through_outages,
    run_under_kills,
)

SEED = 20140115
REPORTS, KILLS = 10_000, 6
# tests/deploy/kafka/test_outages.py pauses the broker for longer than a client waits; here and at
# 500 reports a second that takes half a minute more, in `make campaign`.
PAUSED_S, REFUSED_S = 0.0, 60.0
# The processes of an upgrade want the cores that 500 reports a second take: `make campaign`.
ROLLING_A_S = 100.0
# Both doors, and one of each of the others.
ROLLING = ("ingest-1", "ingest-2", "process-1", "watch-1", "notify-1", "api")
STOPS, DISCONNECTIONS = 2, 10


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Cluster]:
    with running_kafka(tmp_path / "kafka") as cluster:
        with admin(Settings(kafka_bootstrap=cluster.bootstrap)) as client:
            make_topics(client, replicas=1)
        yield cluster


@pytest.fixture
def postgresql() -> Iterator[Server]:
    with running_postgresql() as server:
        yield server


def test_nothing_is_lost_nor_twice_while_processes_are_killed(
    tmp_path: Path, kafka: Cluster, postgresql: Server
) -> None:
    run = run_under_kills(
        tmp_path, reports=REPORTS, kills=KILLS, seed=SEED, kafka=kafka, postgresql=postgresql
    )
    assert len(run.kills) == KILLS
    assert run.without_lag == 0
    assert run.found.reports == REPORTS
    assert len(run.found.shares) >= 6
    assert max(run.found.shares) <= 0.4
    assert run.found.rubbish == 50
    assert run.found.shown() == []
    assert run.differing == ()


def test_units_notice_nothing_of_outages(
    tmp_path: Path, kafka: Cluster, postgresql: Server
) -> None:
    run = run_through_outages(
        tmp_path,
        posts=posts_of(40_000, seed=SEED),
        kafka=kafka,
        postgresql=postgresql,
        paused_s=PAUSED_S,
        refused_s=REFUSED_S,
        stops=STOPS,
        disconnections=DISCONNECTIONS,
        # It is offered again each minute: tests/deploy/kafka/test_outages.py waits for less.
        with_one_too_large=False,
    )
    assert run.found.shown() == []
    assert run.found.unanswered == 0
    assert run.found.answered_later == 0


def test_a_rolling_restart_refuses_nobody(
    tmp_path: Path, kafka: Cluster, postgresql: Server
) -> None:
    run = run_rolling_restart(
        tmp_path,
        posts=posts_of(40_000, seed=SEED),
        kafka=kafka,
        postgresql=postgresql,
        rate=ROLLING_A_S,
        parts=ROLLING,
    )
    print(run.took_s, run.found.requests, run.found.unanswered, run.found.answered_later)
    assert run.found.shown() == []
    assert set(run.codes.values()) == {0}
    assert max(run.took_s.values()) <= 10.0
    assert run.found.unanswered + run.found.answered_later < 0.001 * run.found.requests
