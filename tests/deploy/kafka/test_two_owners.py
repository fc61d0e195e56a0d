"""Two workers that both believe they own every partition: of each batch one commits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from deploy.database import open_database
from deploy.demo.show import planned_reports
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin, consumer, producer
from deploy.kafka.topics import make_topics
from deploy.settings import Settings
from processing.adapters.kafka.log import KafkaLog
from processing.adapters.sql.positions import SqlPositions
from processing.adapters.sql.state_hash import dump
from processing.adapters.sql.transaction import sql_stores
from processing.batch.account import Account, read_account
from processing.engine.batch import Batch, Stretch
from processing.engine.limits import EngineLimits
from processing.engine.loop import Worker
from processing.engine.ports import Ports
from processing.pipeline import Pipeline
from schemas.tables import positions, reports
from schemas.topics import REPORTS, report_headers
from tests.support.box import wait_for
from tests.support.kafka import running_kafka
from tests.support.replaying import NODE, Desk, StandingClock, admitted, make_desk

COUNT = 600
USED = 3
WITHIN_S = 120.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_kafka(tmp_path / "kafka") as found:
        with admin(Settings(kafka_bootstrap=found.bootstrap)) as client:
            make_topics(client, replicas=1)
        yield found


class Owner:
    """A worker on a thread, with a database connection and a group of its own."""

    def __init__(self, cluster: Cluster, desk: Desk, path: Path, *, group: str) -> None:
        settings = Settings(kafka_bootstrap=cluster.bootstrap, kafka_session_s=6)
        self._database = open_database(path)
        start = planned_reports()[0].send_at
        pipeline = Pipeline(
            sql_stores(self._database.begin),
            desk.bundle.mission.zone(),
            clock=StandingClock(start),
            link=lambda alert_id: f"http://127.0.0.1/#/alerts/{alert_id}",
        )
        self._log = KafkaLog(
            partial(consumer, settings, group=group), monotonic=time.monotonic, pause=time.sleep
        )

        # What this owner was told is stored.
        self.committed: list[Stretch] = []

        def stage(batch: Batch[Account]) -> None:
            pipeline(batch)
            self.committed += batch.stretches

        ports = Ports(
            log=self._log,
            stage=stage,
            positions=SqlPositions(self._database.begin),
            decode=lambda record: read_account(record.value),
            monotonic=time.monotonic,
        )
        # Small batches: both have work for long enough to meet.
        worker = Worker(ports, EngineLimits(max_records=15, idle_s=0.2))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=worker.run, args=(self._stop,))
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._log.close()
        self._database.engine.dispose()


def put(cluster: Cluster, values: Sequence[bytes]) -> None:
    client = producer(Settings(kafka_bootstrap=cluster.bootstrap))
    sent = [
        client.send(REPORTS.name, value, headers=report_headers(NODE, n), partition=n % USED)
        for n, value in enumerate(values, start=1)
    ]
    for one in sent:
        one.get(timeout=60)
    client.close()


def test_of_two_owners_one_commits_each_batch_and_all_is_stored_once(
    tmp_path: Path, cluster: Cluster
) -> None:
    planned = planned_reports()[:COUNT]
    (tmp_path / "calm").mkdir()
    calm = make_desk(tmp_path / "calm", start=planned[0].send_at)
    values = admitted(planned, calm.bundle)
    calm.store(values, batch_size=100)
    desk = make_desk(tmp_path, start=planned[0].send_at, bundle=calm.bundle)
    put(cluster, values)
    path = tmp_path / "tocsin.db"

    def stored() -> int:
        with desk.database.read() as connection:
            return connection.execute(select(func.count()).select_from(reports)).scalar_one()

    with (
        closing(Owner(cluster, desk, path, group="one")) as one,
        closing(Owner(cluster, desk, path, group="other")) as other,
    ):
        wait_for(
            lambda: stored() == len(values), within_s=WITHIN_S, saying=f"{stored()} are stored"
        )
    assert one.committed
    assert other.committed
    for partition in range(USED):
        name = f"{REPORTS.name}/{partition}"
        both = (*one.committed, *other.committed)
        ranges = sorted((one.start, one.end) for one in both if one.partition == name)
        assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    with desk.database.read() as connection:
        rows = connection.execute(select(positions)).all()
    stand = {row.partition: row for row in rows if row.partition.startswith(REPORTS.name)}
    assert sum(row.position for row in stand.values()) == len(values)
    assert max(row.epoch for row in stand.values()) >= 2, "both have claimed"
    assert set(dump(desk.database.read)) == set(dump(calm.database.read))
    calm.database.engine.dispose()
    desk.database.engine.dispose()
