"""What the topic holds, processed elsewhere, leads to the same."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.box import open_box
from deploy.commands.console import settings_for
from deploy.commands.demo import _process_log
from deploy.demo.prepare import prepare
from deploy.demo.show import planned_reports
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin, producer
from deploy.kafka.dump import DumpedLog, dump_reports
from deploy.kafka.topics import make_topics
from deploy.settings import Settings
from processing.adapters.sql.dead_letters import list_dead_letters
from processing.adapters.sql.state_hash import dump
from schemas.errors import ConfigurationError, StorageError
from schemas.topics import REPORTS, report_headers
from tests.support.kafka import running_kafka
from tests.support.replaying import NODE, admitted, make_desk

COUNT = 400
RUBBISH = b"\xff{not json"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_kafka(tmp_path / "kafka") as found:
        with admin(Settings(kafka_bootstrap=found.bootstrap)) as client:
            make_topics(client, replicas=1)
        yield found


def send(cluster: Cluster, values: list[bytes]) -> None:
    """Send each report, every tenth of them twice, and one that nobody can read."""
    with closing(producer(Settings(kafka_bootstrap=cluster.bootstrap))) as client:
        sent = [
            client.send(
                REPORTS.name,
                value=value,
                key=value[:20],
                headers=report_headers(NODE, number),
            )
            for number, value in enumerate(values, 1)
            for _again in range(2 if number % 10 == 0 else 1)
        ]
        sent.append(client.send(REPORTS.name, value=RUBBISH))
        for one in sent:
            one.get(timeout=30)


def test_the_topic_processed_elsewhere_leads_to_the_same(tmp_path: Path, cluster: Cluster) -> None:
    planned = planned_reports()[:COUNT]
    (tmp_path / "calm").mkdir()
    desk = make_desk(tmp_path / "calm", start=planned[0].send_at)
    values = admitted(planned, desk.bundle)
    desk.store(values, batch_size=100)
    calm = set(dump(desk.database.read))
    desk.database.engine.dispose()
    send(cluster, values)

    file = tmp_path / "reports.ndjson"
    count = dump_reports(
        Settings(kafka_bootstrap=cluster.bootstrap), file, note=lambda _count: None
    )
    assert count == len(values) + len(values) // 10 + 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    settings = settings_for(tmp_path / "elsewhere")
    prepare(settings, receiver_url="http://127.0.0.1:9", say=lambda _line: None)
    for _ in range(2):
        _process_log(settings, file)
        with open_box(settings) as box:
            assert set(dump(box.database.read)) == calm
            (letter,), one = list_dead_letters(box.database.read, limit=9)
            assert (letter.value, one) == (RUBBISH, 1)
            assert letter.partition.startswith("reports.v1/")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"value": 1}\n')
    with pytest.raises(ConfigurationError, match="tocsin topics dump"):
        DumpedLog(tmp_path / "x")
    with pytest.raises(ConfigurationError, match="can't be read"):
        DumpedLog(tmp_path / "nothing")


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_without_a_broker_it_says_so_and_leaves_no_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # What is captured holds on to the errors, and these to the sockets.
    caplog.set_level(logging.CRITICAL, logger="kafka")
    nobody = Settings(kafka_bootstrap="127.0.0.1:1")
    with pytest.raises(StorageError, match="the topic can't be read"):
        dump_reports(nobody, tmp_path / "reports.ndjson", note=lambda _count: None)
    assert list(tmp_path.iterdir()) == []
