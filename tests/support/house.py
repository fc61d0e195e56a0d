"""The mission as its own processes, one part each, on a real Kafka and a real PostgreSQL.

Reports come in over HTTP at two doors, some of them twice, late or malformed, and rubbish is put on
the topic. What the load generator's ledger says was taken is compared with what is stored, and what
is stored with what the same topic leads to in an embedded database.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psycopg
from kafka import KafkaConsumer, TopicPartition

from deploy.box import open_box, stepped_clock
from deploy.commands.console import settings_for
from deploy.commands.demo import _process_log
from deploy.database import database_of
from deploy.demo.prepare import prepare
from deploy.kafka.broker import Cluster
from deploy.kafka.client import consumer, producer
from deploy.kafka.dump import dump_reports
from deploy.postgresql.server import Server
from deploy.settings import Settings
from processing.adapters.sql.state_hash import dump
from schemas.topics import DEAD_LETTERS, REPORTS
from tests.bench.boxes import use_rules
from tests.bench.generator import Sent, generate
from tests.support.box import RunningBox, make_box
from tests.support.load import Kind, Load, Post
from tests.support.receiver import SECRET, Receiver, receiving

INGEST = ("ingest-1", "ingest-2")
PROCESS = ("process-1", "process-2", "process-3")
WATCH = ("watch-1", "watch-2")
NOTIFY = ("notify-1", "notify-2")
EVERYBODY = (*INGEST, *PROCESS, *WATCH, *NOTIFY, "api")

_TWICE, _LATE, _MALFORMED, RUBBISH = 0.10, 0.05, 0.005, 0.005
# How many posts later the same comes again, at most, and what is late comes.
_AGAIN_WITHIN, _LATE_BY = 200, (0.05, 0.3)
_SETTLED_WITHIN_S = 120.0
_POLL_S = 0.05


@lru_cache(maxsize=1)
def posts_of(count: int, *, seed: int) -> tuple[Post, ...]:
    """Return what units send: this many reports, some late, and more that come again or are bad."""
    draw = random.Random(f"{seed}:posts")
    sent = generate(count, seed=seed)
    places: list[tuple[float, int, Post]] = []

    def add(at: float, kind: Kind, one: Sent) -> None:
        post = Post(kind=kind, sent=one, door=draw.randrange(len(INGEST)))
        places.append((at, len(places), post))

    for number, one in enumerate(sent):
        is_late = draw.random() < _LATE
        at = number + (draw.uniform(*_LATE_BY) * count if is_late else 0.0)
        add(at, Kind.REPORT, one)
        if draw.random() < _TWICE:
            add(at + draw.uniform(0, _AGAIN_WITHIN), Kind.AGAIN, one)
        if draw.random() < _MALFORMED:
            add(at, Kind.MALFORMED, _malformed(draw, one))
    return tuple(post for _, _, post in sorted(places))


def _malformed(draw: random.Random, one: Sent) -> Sent:
    """Spoil a report so that nobody could mend it; what can be mended is taken with a warning."""
    spoilt = (
        one.body[: draw.randrange(20, len(one.body))],
        b"[" + one.body + b"]",
        one.body.replace(b'"revision":', b'"root_id":"again","revision":'),
        one.body.replace(b'"revision":', b'"size":NaN,"revision":'),
        one.body[:-2] + b'\xff"}',
    )
    return Sent(at=one.at, unit_id=one.unit_id, event=None, event_type="", body=draw.choice(spoilt))


@dataclass(slots=True)
class House:
    """Everything that runs for one scenario."""

    box: RunningBox
    kafka: Cluster
    postgresql: Server
    receiver: Receiver
    load: Load
    rubbish: list[bytes]

    def lag(self) -> int:
        """Return how many reports were taken that are not stored yet."""
        taken = self.load.taken()
        return len(taken) - len(taken & self.stored())

    def stored(self) -> set[tuple[str, int]]:
        rows = self.box.rows("SELECT root_id, revision FROM reports")
        return {(str(root), int(str(revision))) for root, revision in rows}

    def count_stored(self) -> int:
        return int(str(self.box.rows("SELECT count(*) FROM reports")[0][0]))

    def put_rubbish(self, count: int, *, seed: int) -> None:
        """Put records on the topic that nobody can read, each another one."""
        draw = random.Random(f"{seed}:rubbish:{len(self.rubbish)}")
        with closing(producer(Settings(kafka_bootstrap=self.kafka.bootstrap))) as client:
            futures = []
            for _ in range(count):
                value = b"\xff rubbish %032x" % draw.getrandbits(128)
                self.rubbish.append(value)
                partition = draw.randrange(REPORTS.partitions)
                futures.append(client.send(REPORTS.name, value=value, partition=partition))
            for future in futures:
                future.get(timeout=60)

    def settle(self, *, within_s: float = _SETTLED_WITHIN_S) -> None:
        """Wait until what was taken is on the topic, stored and told."""
        deadline = time.monotonic() + within_s
        while (left := self._unsettled()) is not None:
            if time.monotonic() > deadline:
                raise AssertionError(f"not settled: {left}\n{self.box.tail()}")
            time.sleep(_POLL_S)

    def _unsettled(self) -> str | None:
        try:
            return next((f"{count:g} {saying}" for count, saying in self._waiting() if count), None)
        except (OSError, psycopg.Error) as error:
            return repr(error)

    def _waiting(self) -> Iterator[tuple[float, str]]:
        yield self._sum(INGEST, "tocsin_forward_lag"), "wait for Kafka"
        yield self._sum(INGEST, "tocsin_forward_refused"), "will not be had by the broker"
        yield sum(self.ends().values()) - self._position(), "wait for processing"
        yield self.box.undelivered(), "are not told"
        yield self._sum(WATCH, "tocsin_relay_lag"), "wait for the relay"

    def _sum(self, names: Sequence[str], metric: str) -> float:
        return sum(self.box.metric(name, metric) for name in names)

    def _position(self) -> int:
        rows = self.box.rows("SELECT coalesce(sum(position), 0) FROM positions")
        return int(str(rows[0][0]))

    def ends(self) -> dict[int, int]:
        """Return how many records each partition of the topic of reports holds."""
        places = [TopicPartition(REPORTS.name, number) for number in range(REPORTS.partitions)]
        with closing(self._consumer()) as client:
            return {place.partition: end for place, end in client.end_offsets(places).items()}

    def letters_told(self) -> dict[bytes, int]:
        """Return what lies on the topic of dead letters, each with how often."""
        place = TopicPartition(DEAD_LETTERS.name, 0)
        found: Counter[bytes] = Counter()
        with closing(self._consumer()) as client:
            client.assign([place])
            client.seek_to_beginning(place)
            end = client.end_offsets([place])[place]
            while client.position(place) < end:
                for records in client.poll(1_000).values():
                    found.update(record.value for record in records)
        return dict(found)

    def _consumer(self) -> KafkaConsumer:
        return consumer(Settings(kafka_bootstrap=self.kafka.bootstrap), group=None)


@contextmanager
def house(
    folder: Path,
    posts: Sequence[Post],
    *,
    kafka: Cluster,
    postgresql: Server,
    rate: float | None = None,
    connections: int = 16,
    parts: Sequence[str] = EVERYBODY,
    **settings: object,
) -> Iterator[House]:
    """Start every part, and the load, which may send nothing yet."""
    with receiving(folder / "rings.ndjson", secret=SECRET) as receiver:
        box = make_box(
            folder,
            receiver_url=receiver.url(),
            webhook_secret=SECRET,
            database_url=postgresql.url(),
            kafka_bootstrap=kafka.bootstrap,
            kafka_session_s=6,
            **settings,
        )
        with open_box(box.settings) as opened:
            use_rules(opened.database)
        load: Load | None = None
        try:
            box.start(*parts)
            load = Load(
                doors=[box.url_of(name) for name in INGEST],
                keys=dict(box.prepared.keys),
                posts=posts,
                ledger=folder / "ledger.ndjson",
                clock=stepped_clock(box.settings),
                connections=connections,
                rate=rate,
            )
            load.start()
            yield House(
                box=box,
                kafka=kafka,
                postgresql=postgresql,
                receiver=receiver,
                load=load,
                rubbish=[],
            )
        finally:
            if load is not None:
                with suppress(AssertionError):
                    load.close()
            box.stop()


def differing(folder: Path, here: House) -> tuple[str, ...]:
    """Compare with what the same topic leads to in an embedded database."""
    database = database_of(here.box.settings)
    try:
        ours = set(dump(database.read))
    finally:
        database.engine.dispose()
    theirs = _replayed(folder, here)
    return (
        *(f"- {line.decode()}" for line in sorted(theirs - ours)),
        *(f"+ {line.decode()}" for line in sorted(ours - theirs)),
    )


def _replayed(folder: Path, here: House) -> set[bytes]:
    file = folder / "topic.ndjson"
    dump_reports(here.box.settings, file, note=lambda _count: None)
    settings = settings_for(folder / "elsewhere")
    prepare(settings, receiver_url="http://127.0.0.1:9", say=lambda _line: None)
    with open_box(settings) as box:
        use_rules(box.database)
    _process_log(settings, file)
    with open_box(settings) as box:
        return set(dump(box.database.read))
