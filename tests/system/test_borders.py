"""Three workers on events that lie across cells and partitions: none is ever seen in two pieces."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h3.api.basic_int as h3
import psycopg
import pytest

from deploy.box import open_box, stepped_clock
from deploy.demo.folder import sample_folder
from deploy.demo.generator import Planned, opaque_id
from deploy.demo.mission_files import read_bundle
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin, producer
from deploy.kafka.topics import make_topics
from deploy.settings import Settings
from ingest.publisher import key_of
from schemas.topics import REPORTS, partition_of, report_headers
from tests.bench.boxes import use_rules
from tests.bench.world import UNITS
from tests.support.box import make_box, wait_for
from tests.support.kafka import running_kafka
from tests.support.postgresql import running_postgresql
from tests.support.replaying import NODE, admitted

SEED = 20140115
REPORTS_OF_ONE = 8
COUNT = 24_000
WORKERS = ("process-1", "process-2", "process-3")
WITHIN_S = 400.0
START = datetime(2015, 2, 1, 9, tzinfo=UTC)
# Far enough apart, in days and along a border, that no two events are one.
_APART = timedelta(days=10)
_ALONG = (0.25, 0.5, 0.75)
# Reports of one event come this many records apart at most.
_WINDOW = 2_000
# South Sudan: longitudes and latitudes.
_WEST, _EAST, _SOUTH, _NORTH = 25.0, 35.0, 4.5, 11.5
_SEEN = "SELECT root_id, incident_id FROM reports WHERE current AND fusible"
_LIVE = "SELECT count(*) FROM incidents WHERE NOT retracted"


@dataclass(slots=True)
class Reader:
    """Somebody who looks at what is stored, over and over, each time in one snapshot."""

    url: str
    event_of: dict[str, int]
    looks: int = 0
    partial: int = 0
    split: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def look_on(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not self._stop.is_set():
                self._look(connection)

    def stop(self) -> None:
        self._stop.set()

    def _look(self, connection: psycopg.Connection) -> None:
        with connection.transaction():
            rows = connection.execute(_SEEN).fetchall()
            (live,) = connection.execute(_LIVE).fetchone() or (None,)
        incidents: dict[int, set[str]] = defaultdict(set)
        told: dict[int, int] = defaultdict(int)
        for root, incident in rows:
            incidents[self.event_of[root]].add(incident)
            told[self.event_of[root]] += 1
        self.looks += 1
        self.partial += any(count < REPORTS_OF_ONE for count in told.values())
        for event, ids in incidents.items():
            if len(ids) != 1:
                self.split.append(f"event {event} is {sorted(ids)}")
        if live != len(incidents):
            self.split.append(f"{len(incidents)} events are {live} incidents")


def border_points() -> list[tuple[float, float]]:
    """Return points on the borders of the cells by which reports go to partitions: (lat, lon)."""
    box = h3.LatLngPoly([(_SOUTH, _WEST), (_SOUTH, _EAST), (_NORTH, _EAST), (_NORTH, _WEST)])
    borders = {
        # Seen from either side it is the same border, but for the last digits.
        tuple(sorted((round(lat, 5), round(lon, 5)) for lat, lon in _corners(edge)))
        for cell in h3.h3shape_to_cells(box, 3)
        for edge in h3.origin_to_directed_edges(cell)
    }
    return [
        (first[0] + part * (last[0] - first[0]), first[1] + part * (last[1] - first[1]))
        for first, *_, last in sorted(borders)
        for part in _ALONG
    ]


def _corners(edge: int) -> Sequence[tuple[float, float]]:
    corners: Sequence[tuple[float, float]] = h3.directed_edge_to_boundary(edge)
    return corners


def planned_across(count: int) -> tuple[list[Planned], dict[str, int]]:
    """Return reports of events on borders, and of which event each is."""
    draw = random.Random(SEED)
    points = border_points()
    planned, event_of = [], {}
    for event in range(count // REPORTS_OF_ONE):
        lat, lon = points[event % len(points)]
        at = START + event // len(points) * _APART
        for rank, unit in enumerate(draw.sample(UNITS, REPORTS_OF_ONE)):
            body = {
                "root_id": opaque_id(SEED, event, rank),
                "revision": 1,
                "record_kind": "INCIDENT",
                "report_kind": "SPOTREP",
                "occurred_start": _iso(at),
                "observed_at": _iso(at),
                "reported_at": _iso(at + timedelta(hours=1)),
                "time_precision": "HOUR",
                "location": {
                    "given": "by the river",
                    "lon": round(lon + draw.uniform(-0.004, 0.004), 5),
                    "lat": round(lat + draw.uniform(-0.004, 0.004), 5),
                    "uncertainty_m": 1_000,
                },
                "event_type": "AC_CLASH",
                "actors": [{"name": "Side 01", "type": "ARMED_GROUP", "role": "PARTY"}],
                "source": {"type": unit[1], "reliability": unit[2], "credibility": unit[3]},
                "text": "Shots were heard on both banks.",
            }
            event_of[str(body["root_id"])] = event
            planned.append(
                Planned(send_at=at + timedelta(hours=2), unit_id=unit[0], body=body, event_id=None)
            )
    return planned, event_of


def mixed(values: Sequence[bytes]) -> list[bytes]:
    """Let reports of one event come a while apart."""
    draw = random.Random(SEED)
    places = [(number + draw.uniform(0, _WINDOW), value) for number, value in enumerate(values)]
    return [value for _, value in sorted(places)]


def put(cluster: Cluster, values: Sequence[bytes]) -> set[int]:
    """Put reports where the forwarder would; return the partitions."""
    used = set()
    with closing(producer(Settings(kafka_bootstrap=cluster.bootstrap))) as client:
        sent = []
        for number, value in enumerate(values, 1):
            key = key_of(value)
            partition = partition_of(key, REPORTS.partitions)
            used.add(partition)
            headers = report_headers(NODE, number)
            sent.append(
                client.send(REPORTS.name, value, key=key, headers=headers, partition=partition)
            )
        for one in sent:
            one.get(timeout=120)
    return used


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Cluster]:
    with running_kafka(tmp_path / "kafka") as cluster:
        with admin(Settings(kafka_bootstrap=cluster.bootstrap)) as client:
            make_topics(client, replicas=1)
        yield cluster


def test_no_event_is_seen_in_two_pieces(tmp_path: Path, kafka: Cluster) -> None:
    planned, event_of = planned_across(COUNT)
    values = mixed(admitted(planned, read_bundle(sample_folder())))
    assert len(values) == COUNT
    with running_postgresql() as server:
        box = make_box(
            tmp_path,
            receiver_url="http://127.0.0.1:9",
            database_url=server.url(),
            kafka_bootstrap=kafka.bootstrap,
        )
        with open_box(box.settings) as opened:
            use_rules(opened.database)
        stepped_clock(box.settings).step(planned[-1].send_at)
        reader = Reader(url=server.url(), event_of=event_of)
        looking = threading.Thread(target=reader.look_on)
        try:
            box.start(*WORKERS)
            wait_for(
                lambda: all(box.metric(name, "tocsin_processing_owned") for name in WORKERS),
                within_s=WITHIN_S,
                saying="each has its share",
            )
            looking.start()
            assert len(put(kafka, values)) >= 6
            wait_for(
                lambda: box.rows("SELECT count(*) FROM reports") == [(COUNT,)],
                within_s=WITHIN_S,
                saying="everything is stored",
            )
            took_part = [box.metric(name, "tocsin_processing_records") for name in WORKERS]
        finally:
            reader.stop()
            if looking.ident is not None:
                looking.join()
            box.stop()
        print(f"{reader.looks} looks, {reader.partial} of them at events half told; {took_part}")
        assert reader.split == []
        assert reader.partial > 0
        assert min(took_part) > 0
        assert aborted_for_conflict(server.log.read_text(), box.log.read_text()) == []


def aborted_for_conflict(*logs: str) -> list[str]:
    said = ("deadlock detected", "could not serialize", "store failed", "lock timeout")
    return [line for log in logs for line in log.splitlines() if any(it in line for it in said)]


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
