import os
import signal
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.kafka.broker import Cluster, found_cluster, jars_folder
from schemas.errors import ConfigurationError
from tests.support.kafka import running_kafka

TOPIC = "of-a-test"


def test_a_node_keeps_what_it_acknowledged_when_it_is_killed(tmp_path: Path) -> None:
    with running_kafka(tmp_path) as cluster:
        admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
        admin.create_topics([NewTopic(TOPIC, 1, 1)])
        admin.close()
        producer = KafkaProducer(
            bootstrap_servers=cluster.bootstrap,
            acks="all",
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
        )
        producer.send(TOPIC, b"kept").get(timeout=30)
        producer.close()
        (node,) = cluster.nodes()
        assert node.pid is not None
        os.kill(node.pid, signal.SIGKILL)
        while cluster.nodes()[0].pid is not None:
            pass
        (again,) = cluster.start()
        assert again.pid != node.pid
        consumer = KafkaConsumer(bootstrap_servers=cluster.bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(TOPIC, 0)])
        assert next(iter(consumer)).value == b"kept"
        consumer.close(autocommit=False)
        found = found_cluster(tmp_path, jars_folder())
        assert found is not None
        assert (found.size, found.bootstrap) == (1, cluster.bootstrap)
        assert [one.pid for one in cluster.start()] == [again.pid], "what runs is left alone"
    assert not list(tmp_path.iterdir()), "nothing is left"


def test_without_jars_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"deploy/setup/kafka\.sh"):
        Cluster(folder=tmp_path, jars=tmp_path).start()


def test_a_folder_without_a_cluster_holds_none(tmp_path: Path) -> None:
    assert found_cluster(tmp_path, jars_folder()) is None
