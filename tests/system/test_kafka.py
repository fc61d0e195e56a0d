"""The same box with a real Kafka between spool and desk: nothing lost, twice or otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.show import planned_reports
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin
from deploy.kafka.topics import differences, found_topics, make_topics
from deploy.settings import Settings
from tests.support.kafka import running_kafka
from tests.system.killing import BROKER, NAMED, Kill, nothing_shows, run_under_kills, schedule

SEED = 20140115
OUTSIDE = 1


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Cluster]:
    with running_kafka(tmp_path / "kafka") as cluster:
        with admin(Settings(kafka_bootstrap=cluster.bootstrap)) as client:
            make_topics(client, replicas=1)
            assert differences(found_topics(client)) == []
        yield cluster


def test_kills_beside_kafka_change_nothing(tmp_path: Path, kafka: Cluster) -> None:
    planned = planned_reports()[:700]
    kills = schedule(SEED, reports=len(planned), outside=OUTSIDE)
    broker = Kill(after=kills[3].after + 30, victims=BROKER, name=None)
    kills = [*kills[:4], broker, *kills[4:]]
    outcome = run_under_kills(
        tmp_path, planned, kills, kafka=kafka, kafka_instance="desk", kafka_session_s=6
    )
    assert outcome.kills == len(NAMED) + OUTSIDE + 1
    assert nothing_shows(outcome)
