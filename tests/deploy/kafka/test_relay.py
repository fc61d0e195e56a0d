"""Conclusions on their topics: a stranger who keeps the last of each key holds what we hold."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import NamedTuple

import jsonschema
import pytest
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import select

from deploy.demo.show import planned_reports
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin, producer
from deploy.kafka.topics import make_topics
from deploy.settings import Settings
from processing.adapters.kafka.outlet import KafkaOutlet
from processing.adapters.sql.changes_feed import SqlChangesFeed
from processing.adapters.sql.positions import SqlPositions
from processing.engine.batch import Batch, SetAside, Stretch
from processing.watch.relay import Relay
from schemas.errors import StorageError
from schemas.log import Record
from schemas.publish import json_schema
from schemas.tables import alerts, flags, incidents, redirects
from schemas.topics import ALERTS, DEAD_LETTERS, FLAGS, INCIDENTS, Topic
from tests.support.box import wait_for
from tests.support.kafka import running_kafka
from tests.support.replaying import NODE, Desk, admitted, make_desk

COUNT = 500
RUBBISH = b"\xff{not json"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_kafka(tmp_path_factory.mktemp("kafka")) as found:
        with admin(Settings(kafka_bootstrap=found.bootstrap)) as client:
            make_topics(client, replicas=1)
        yield found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose late reports have moved incidents, and that had to set something aside."""
    planned = planned_reports()[:COUNT]
    made = make_desk(tmp_path_factory.mktemp("desk"), start=planned[0].send_at)
    values = admitted(planned, made.bundle)
    # The latest come first: what they began, an earlier one takes over under an id of its own.
    made.store(values[::-1], batch_size=40)
    _set_aside(made)
    yield made
    made.database.engine.dispose()


def _set_aside(desk: Desk) -> None:
    claim = SqlPositions(desk.database.begin).claim([NODE])[NODE]
    record = Record(partition=NODE, position=claim.position, value=RUBBISH)
    desk.pipeline(
        Batch(
            stretches=(
                Stretch(
                    partition=NODE,
                    epoch=claim.epoch,
                    start=claim.position,
                    end=claim.position + 1,
                ),
            ),
            set_aside=(SetAside(record, "undecodable: no JSON"),),
        )
    )


class Heard(NamedTuple):
    value: bytes
    headers: Mapping[str, bytes]


def everything(cluster: Cluster, topic: Topic) -> list[tuple[bytes, Heard]]:
    """Read a topic with a client of its own, from its beginning to its end."""
    with closing(KafkaConsumer(bootstrap_servers=cluster.bootstrap)) as consumer:
        places = [TopicPartition(topic.name, p) for p in consumer.partitions_for_topic(topic.name)]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        found = []
        while any(consumer.position(one) < ends[one] for one in places):
            for messages in consumer.poll(500).values():
                found += [(one.key, Heard(one.value, dict(one.headers))) for one in messages]
        return found


def last(cluster: Cluster, topic: Topic) -> dict[str, Heard]:
    return {key.decode(): heard for key, heard in everything(cluster, topic)}


def relay_of(cluster: Cluster, desk: Desk) -> Relay:
    settings = Settings(kafka_bootstrap=cluster.bootstrap)
    return Relay(
        SqlChangesFeed(desk.database.read), KafkaOutlet(partial(producer, settings)), limit=300
    )


def run(relay: Relay, position: int = 0) -> int:
    at = [position]
    while relay.turn(at[0], lambda end: at.__setitem__(0, end)):
        pass
    relay.close()
    return at[0]


def test_what_the_topics_say_last_is_what_was_concluded(cluster: Cluster, desk: Desk) -> None:
    run(relay_of(cluster, desk))
    with desk.database.read() as connection:
        for topic, table, key in (
            (INCIDENTS, incidents, incidents.c.incident_id),
            (FLAGS, flags, flags.c.flag_id),
            (ALERTS, alerts, alerts.c.alert_id),
        ):
            rows = connection.execute(select(key, table.c.body, table.c.level)).all()
            assert rows
            told = last(cluster, topic)
            for row in rows:
                assert told[row[0]].value == row.body
                assert told[row[0]].headers["ce_level"] == str(row.level).encode()
        moved = connection.execute(
            select(redirects.c.old_id, redirects.c.new_id).where(redirects.c.entity == "incident")
        ).all()
    assert moved
    told = last(cluster, INCIDENTS)
    assert {old: json.loads(told[old].value)["moved_to"] for old, _ in moved} == dict(
        [tuple(one) for one in moved]
    )


def test_what_is_told_keeps_its_published_schema(cluster: Cluster, desk: Desk) -> None:
    run(relay_of(cluster, desk))
    for topic in (INCIDENTS, FLAGS, ALERTS):
        for heard in [*last(cluster, topic).values()][::10]:
            kind = heard.headers["ce_type"].decode().split(".")[2]
            jsonschema.validate(json.loads(heard.value), json.loads(json_schema(kind)))
            assert heard.headers["ce_specversion"] == b"1.0"
            assert heard.headers["content-type"] == b"application/json"


def test_what_could_not_be_processed_is_on_its_topic_as_it_was_received(
    cluster: Cluster, desk: Desk
) -> None:
    run(relay_of(cluster, desk))
    (heard,) = last(cluster, DEAD_LETTERS).values()
    assert heard.value == RUBBISH
    assert heard.headers["ce_reason"] == b"undecodable: no JSON"


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_after_an_outage_the_rest_is_told(
    cluster: Cluster, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    # What is captured holds on to the errors, and these to the sockets.
    caplog.set_level(logging.CRITICAL, logger="kafka")
    relay, at = relay_of(cluster, desk), [0]
    assert relay.turn(0, lambda end: at.__setitem__(0, end))
    # One that is connected would try for half a minute.
    relay.close()
    (node,) = cluster.nodes()
    os.kill(node.pid or 0, signal.SIGKILL)
    wait_for(lambda: cluster.nodes()[0].pid is None, within_s=20, saying="the broker dies")
    before = at[0]
    with pytest.raises(StorageError):
        relay.turn(at[0], lambda end: at.__setitem__(0, end))
    assert at[0] == before
    cluster.start()
    assert run(relay, at[0]) == SqlChangesFeed(desk.database.read).last()
    assert relay.progress.refused == 0
