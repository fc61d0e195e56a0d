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
from tests.support.kafka import running_kafka
from tests.support.postgresql import running_postgresql
from tests.system.house import run_under_kills

SEED = 20140115
REPORTS, KILLS = 10_000, 6


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
    found = run_under_kills(
        tmp_path, reports=REPORTS, kills=KILLS, seed=SEED, kafka=kafka, postgresql=postgresql
    )
    assert len(found.kills) == KILLS
    assert found.without_lag == 0
    assert found.reports == REPORTS
    assert len(found.shares) >= 6
    assert max(found.shares) <= 0.4
    assert found.lost == ()
    assert found.never_sent == ()
    assert found.not_refused == ()
    assert set(found.letters.values()) == {1}
    assert set(found.letters_told) == set(found.letters)
    assert found.untold == ()
    assert found.told_under_two_ids == ()
    assert found.unverified == 0
    assert found.differing == ()
