"""The same box on a real Kafka and a real PostgreSQL: nothing lost, twice or otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.show import planned_reports
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin
from deploy.kafka.topics import make_topics
from deploy.postgresql.server import Server
from deploy.settings import Settings
from tests.support.kafka import running_kafka
from tests.support.postgresql import running_postgresql
from tests.system.killing import (
    BROKER,
    CONNECTIONS,
    DATABASE,
    NAMED,
    Kill,
    nothing_shows,
    run_under_kills,
    schedule,
)

SEED = 20140115
# test_house.py has processes killed from outside, and workers that share the work.
OUTSIDE = 0
BROKEN = (CONNECTIONS, DATABASE, BROKER)


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


def test_kills_beside_kafka_and_postgresql_change_nothing(
    tmp_path: Path, kafka: Cluster, postgresql: Server
) -> None:
    planned = planned_reports()[:800]
    kills = schedule(SEED, reports=len(planned), outside=OUTSIDE)
    for number, victims in enumerate(BROKEN):
        at = 2 * number + 1
        kills.insert(at, Kill(after=kills[at - 1].after + 40, victims=victims, name=None))
    outcome = run_under_kills(
        tmp_path,
        planned,
        kills,
        kafka=kafka,
        postgresql=postgresql,
        kafka_instance="desk",
        kafka_session_s=6,
    )
    assert outcome.kills == len(NAMED) + OUTSIDE + len(BROKEN)
    assert nothing_shows(outcome)
