"""What the client and the broker do to each other, seen on a real broker: each happened once."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.cluster import ClusterMetadata
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin, consumer, producer
from deploy.kafka.topics import differences, found_topics, make_topics
from deploy.settings import Settings
from ingest.forward_file import ForwardFile
from ingest.forwarder import Forwarder, ForwardLimits
from ingest.kafka_publisher import connect
from ingest.spool import Spool
from ingest.spool_reader import SpoolReader
from processing.adapters.kafka.log import KafkaLimits, KafkaLog
from schemas.errors import StorageError
from schemas.log import Origin, Record
from schemas.topics import REPORTS, Topic
from tests.ingest.support import NODE, entry
from tests.support.box import wait_for
from tests.support.kafka import limit_records, running_kafka

WITHIN_S = 60.0
# Shorter than the pause of the broker, so that the client gives up before it is back.
DELIVERY_MS = 2_000
TELLING = KafkaLimits(tell_every_s=0.0)
IMPATIENT = ForwardLimits(stalled_after_s=4.0, retry_refused_s=1.0, remember_s=0.05)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_kafka(tmp_path_factory.mktemp("kafka")) as found:
        yield found


@pytest.fixture
def kafka(cluster: Cluster) -> Iterator[KafkaAdminClient]:
    """A broker with the topics as they have to be, and nothing in them."""
    with admin(Settings(kafka_bootstrap=cluster.bootstrap)) as client:
        if REPORTS.name in client.list_topics():
            client.delete_topics([REPORTS.name])
            wait_for(
                lambda: REPORTS.name not in client.list_topics(),
                within_s=WITHIN_S,
                saying="the topic is deleted",
            )
        make_topics(client, replicas=1)
        client.wait_for_topics([REPORTS.name])
        yield client


def settings_of(cluster: Cluster) -> Settings:
    return Settings(kafka_bootstrap=cluster.bootstrap, kafka_session_s=6)


def impatient(cluster: Cluster) -> KafkaProducer:
    """Return the producer of the product, which gives up sooner."""
    made = producer(settings_of(cluster))
    for place in (made.config, made._sender.config, made._accumulator.config):
        if "delivery_timeout_ms" in place:
            place["delivery_timeout_ms"] = DELIVERY_MS
        if "request_timeout_ms" in place:
            place["request_timeout_ms"] = DELIVERY_MS // 2
    return made


class Forwarding:
    """A spool and its forwarder, on a thread."""

    def __init__(self, folder: Path, make: Callable[[], KafkaProducer]) -> None:
        self._stack = ExitStack()
        self.spool = self._stack.enter_context(Spool(folder / "spool.db", node=NODE))
        reader = self._stack.enter_context(SpoolReader(folder / "spool.db", partition=NODE))
        file = self._stack.enter_context(ForwardFile(folder / "forward.db", partition=NODE))
        self.forwarder = Forwarder(
            reader, file, partial(connect, make), monotonic=time.monotonic, limits=IMPATIENT
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.forwarder.run, args=(self._stop,))
        self._thread.start()

    def report(self, *names: str, size: int = 0) -> None:
        entries = [entry(name, size=size) for name in names]
        self.spool.append(entries).result(timeout=10)

    def wait_sent(self, position: int) -> None:
        wait_for(
            lambda: self.forwarder.progress.position >= position,
            within_s=WITHIN_S,
            saying=f"{position} acknowledged: {self.forwarder.progress}",
        )

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._stack.close()


@contextmanager
def forwarding(folder: Path, make: Callable[[], KafkaProducer]) -> Iterator[Forwarding]:
    one = Forwarding(folder, make)
    try:
        yield one
    finally:
        one.close()


def sequences(cluster: Cluster) -> list[int]:
    """Return the spool's sequences of what is on the topic, sorted."""
    client = KafkaConsumer(bootstrap_servers=cluster.bootstrap)
    partitions = [TopicPartition(REPORTS.name, n) for n in range(REPORTS.partitions)]
    ends = client.end_offsets(partitions)
    client.assign(partitions)
    client.seek_to_beginning()
    found: list[int] = []
    while any(client.position(tp) < ends[tp] for tp in partitions):
        for messages in client.poll(timeout_ms=500).values():
            found += [int(dict(one.headers)["ce_sequence"]) for one in messages]
    client.close(autocommit=False)
    return sorted(found)


def test_a_broker_that_pauses_longer_than_the_client_waits_costs_nothing(
    tmp_path: Path, cluster: Cluster, kafka: KafkaAdminClient
) -> None:
    assert differences(found_topics(kafka)) == []
    (node,) = cluster.nodes()
    assert node.pid is not None
    with forwarding(tmp_path, partial(impatient, cluster)) as one:
        one.report(*(f"before-{n}" for n in range(50)))
        one.wait_sent(51)
        os.kill(node.pid, signal.SIGSTOP)
        try:
            one.report(*(f"meanwhile-{n}" for n in range(50)))
            wait_for(
                lambda: one.forwarder.progress.failures_in_a_row > 1,
                within_s=WITHIN_S,
                saying="the client gives up",
            )
            waits_since = one.forwarder.progress.unsent_since
            assert waits_since is not None
        finally:
            os.kill(node.pid, signal.SIGCONT)
        one.report(*(f"after-{n}" for n in range(50)))
        one.wait_sent(151)
        assert one.forwarder.progress.connections > 1
        assert one.forwarder.progress.unsent_since is None
    assert set(sequences(cluster)) == set(range(1, 151))


def test_one_refused_record_holds_nobody_up_and_goes_when_it_is_taken(
    tmp_path: Path, cluster: Cluster, kafka: KafkaAdminClient
) -> None:
    limit_records(kafka, 4_000)
    with forwarding(tmp_path, partial(producer, settings_of(cluster))) as one:
        one.report("small-1")
        one.report("large", size=6_000)
        one.report("small-2")
        one.wait_sent(4)
        assert one.forwarder.progress.refused == (2,)
        assert one.forwarder.progress.done_before == 2
        assert sequences(cluster) == [1, 3]
        limit_records(kafka, REPORTS.max_record_bytes)
        wait_for(
            lambda: not one.forwarder.progress.refused,
            within_s=WITHIN_S,
            saying="the broker takes it now",
        )
    assert sequences(cluster) == [1, 2, 3]


def test_a_missing_topic_and_a_missing_broker_are_said(
    tmp_path: Path, cluster: Cluster, kafka: KafkaAdminClient
) -> None:
    kafka.delete_topics([REPORTS.name])
    with forwarding(tmp_path, partial(producer, settings_of(cluster))) as one:
        one.report("kept")
        wait_for(
            lambda: "tocsin topics make" in (one.forwarder.progress.last_error or ""),
            within_s=WITHIN_S,
            saying="what is missing",
        )
        make_topics(kafka, replicas=1)
        one.wait_sent(2)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_looking_for_a_broker_in_vain_leaves_no_socket_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # What is captured holds on to the errors, and these to the sockets.
    caplog.set_level(logging.CRITICAL, logger="kafka")
    nobody = Settings(kafka_bootstrap="127.0.0.1:1")
    gc.collect()
    before = len([*Path("/proc/self/fd").iterdir()])
    with pytest.raises(StorageError, match=r"no Kafka answers at 127\.0\.0\.1:1"), admin(nobody):
        pass
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_topics_are_put_right_and_a_second_time_there_is_nothing_to_do(
    kafka: KafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert make_topics(kafka, replicas=1) == []
    more = Topic(name=REPORTS.name, partitions=REPORTS.partitions + 2, retention_ms=86_400_000)
    monkeypatch.setattr("deploy.kafka.topics.TOPICS", (more,))
    wrong = differences(found_topics(kafka))
    assert [text.split(" instead")[0] for text in wrong] == [
        f"reports.v1 has {REPORTS.partitions} partitions",
        f"reports.v1 has retention.ms={REPORTS.retention_ms}",
    ]
    assert len(make_topics(kafka, replicas=1)) == 2
    assert differences(found_topics(kafka)) == []


class Reading:
    """The log of processing, read by hand."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        skip_gaps: bool = False,
        limits: KafkaLimits = TELLING,
    ) -> None:
        self.log = KafkaLog(
            partial(consumer, settings_of(cluster)),
            monotonic=time.monotonic,
            pause=time.sleep,
            skip_gaps=skip_gaps,
            limits=limits,
        )

    def read(self, partition: int, position: int, *, count: int) -> list[Record]:
        name = f"{REPORTS.name}/{partition}"
        found: list[Record] = []

        def is_there() -> bool:
            nonlocal found
            self.log.fetch(0.1)
            if name in self.log.owned():
                source = self.log.owned()[name]
                found = list(source.read(position, max_records=100, max_bytes=1 << 20))
            return len(found) >= count

        wait_for(is_there, within_s=WITHIN_S, saying=f"{count} records from {position} of {name}")
        return found


@contextmanager
def reading(
    cluster: Cluster, *, skip_gaps: bool = False, limits: KafkaLimits = TELLING
) -> Iterator[Reading]:
    one = Reading(cluster, skip_gaps=skip_gaps, limits=limits)
    try:
        yield one
    finally:
        one.log.close()


def put(cluster: Cluster, partition: int, *values: bytes) -> None:
    client = KafkaProducer(bootstrap_servers=cluster.bootstrap, enable_idempotence=False)
    for value in values:
        client.send(REPORTS.name, value, partition=partition).get(timeout=30)
    client.close()


@pytest.mark.usefixtures("kafka")
def test_a_partition_is_read_by_the_position_that_is_asked_for(
    tmp_path: Path, cluster: Cluster
) -> None:
    with forwarding(tmp_path, partial(producer, settings_of(cluster))) as one:
        one.report("from-the-spool")
        one.wait_sent(2)
    (used,) = (partition for partition, end in ends(cluster).items() if end)
    other = (used + 1) % REPORTS.partitions
    put(cluster, other, b"a stranger's")
    with reading(cluster) as log:
        (ours,) = log.read(used, 0, count=1)
        assert (ours.position, ours.origin) == (0, Origin(NODE, 1))
        (stranger,) = log.read(other, 0, count=1)
        assert (stranger.position, stranger.value, stranger.origin) == (0, b"a stranger's", None)
        # What Kafka hears of positions is for whoever watches; ours may be asked for again.
        log.log.stored({ours.partition: 1})
        assert log.read(used, 0, count=1) == [ours]


def ends(cluster: Cluster) -> dict[int, int]:
    client = KafkaConsumer(bootstrap_servers=cluster.bootstrap)
    partitions = [TopicPartition(REPORTS.name, n) for n in range(REPORTS.partitions)]
    found = {tp.partition: end for tp, end in client.end_offsets(partitions).items()}
    client.close(autocommit=False)
    return found


class Member:
    """A member of the group on a thread of its own, as each process is."""

    def __init__(self, cluster: Cluster) -> None:
        self.owned: set[str] = set()
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with reading(self._cluster) as one:
            while not self._stop.is_set():
                one.log.fetch(0.2)
                self.owned = set(one.log.owned())
        self.owned = set()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.usefixtures("kafka")
def test_a_member_that_was_given_nothing_asks_for_its_share(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CooperativeStickyAssignor.assign
    given: list[str] = []

    def first_nothing(
        assignor: CooperativeStickyAssignor, known: ClusterMetadata, members: object
    ) -> object:
        """Share out as a leader does that has not heard of any partition yet."""
        given.append("nothing" if not given else "all")
        return real(assignor, ClusterMetadata() if len(given) == 1 else known, members)

    monkeypatch.setattr(CooperativeStickyAssignor, "assign", first_nothing)
    with reading(cluster, limits=KafkaLimits(share_after_s=1.0)) as log:

        def has_all() -> bool:
            log.log.fetch(0.1)
            return len(log.log.owned()) == REPORTS.partitions

        wait_for(has_all, within_s=WITHIN_S, saying=f"it is given all, not {given}")
    assert given[:2] == ["nothing", "all"]


@pytest.mark.usefixtures("kafka")
def test_a_join_that_the_client_forgot_is_finished(cluster: Cluster) -> None:
    with reading(cluster) as one:

        def is_member() -> bool:
            one.log.fetch(0.1)
            return len(one.log.owned()) == REPORTS.partitions

        wait_for(is_member, within_s=WITHIN_S, saying="it owns all")
        assert one.log._consumer is not None
        coordinator = one.log._consumer._coordinator

        def has_begun() -> bool:
            # As if it had heard of partitions; the poll returns while it joins.
            coordinator._assignment_snapshot = {}
            one.log.fetch(0.0)
            return bool(coordinator.rejoining)

        wait_for(has_begun, within_s=WITHIN_S, saying="it joins again")
        wait_for(
            lambda: not coordinator.need_rejoin(),
            within_s=WITHIN_S,
            saying="it has forgotten why it joins",
        )

        def has_joined() -> bool:
            one.log.fetch(0.1)
            return bool(coordinator.stable() and coordinator._heartbeat_enabled)

        wait_for(has_joined, within_s=WITHIN_S, saying="it is a member that can be heard")


@pytest.mark.usefixtures("kafka")
def test_two_members_share_the_partitions_and_one_that_ends_leaves_them_to_the_other(
    cluster: Cluster,
) -> None:
    everything = {f"{REPORTS.name}/{n}" for n in range(REPORTS.partitions)}
    with ExitStack() as stack:
        first = Member(cluster)
        stack.callback(first.close)
        wait_for(lambda: first.owned == everything, within_s=WITHIN_S, saying="all are owned")
        second = Member(cluster)
        stack.callback(second.close)

        def is_shared() -> bool:
            return (
                len(first.owned) == len(second.owned) and first.owned | second.owned == everything
            )

        wait_for(is_shared, within_s=WITHIN_S, saying="each has half")
        second.close()
        wait_for(lambda: first.owned == everything, within_s=WITHIN_S, saying="all come back")


def test_a_position_that_the_topic_lost_stops_its_partition_and_no_other(
    cluster: Cluster, kafka: KafkaAdminClient
) -> None:
    put(cluster, 0, b"lost", b"lost too", b"kept")
    put(cluster, 1, b"elsewhere")
    kafka.delete_records({TopicPartition(REPORTS.name, 0): 2})
    with reading(cluster) as log:
        assert len(log.read(1, 0, count=1)) == 1
        name = f"{REPORTS.name}/0"
        log.log.owned()[name].read(1, max_records=1, max_bytes=1)

        def is_stopped() -> bool:
            log.log.fetch(0.1)
            return log.log.standings[name].problem is not None

        wait_for(is_stopped, within_s=WITHIN_S, saying="the gap is noticed")
        assert "position 1 is not in the topic, which begins at 2" in str(
            log.log.standings[name].problem
        )
        assert name not in log.log.owned()
        assert len(log.read(1, 0, count=1)) == 1
        # From the beginning is not a gap: nothing was ever read of it.
    with reading(cluster, skip_gaps=True) as log:
        assert [one.value for one in log.read(0, 1, count=1)] == [b"kept"]
        assert [one.position for one in log.read(0, 0, count=1)] == [2]
