"""The forwarder over a broker that fails in every way: what must not be lost, and the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.forward_file import ForwardFile
from ingest.forwarder import Forwarder, ForwardLimits
from schemas.errors import StorageError
from schemas.log import Record
from tests.ingest.support import NODE

LIMITS = ForwardLimits(
    max_pending=4, read_records=3, stalled_after_s=10.0, retry_refused_s=50.0, busy_s=1.0
)
# What becomes of a record that is sent: so often "wait" before it is known.
TAKES, LOSES, REFUSES, HANGS, BLOCKS = "takes", "loses", "refuses", "hangs", "blocks"


class RefusedError(Exception):
    pass


class LostError(Exception):
    pass


class Log:
    partition = NODE

    def __init__(self, count: int) -> None:
        self.values = [f"report {n}".encode() for n in range(count)]
        self.waits = 0

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        assert max_bytes > 0
        first = max(1, position)
        return [
            Record(NODE, first + n, value)
            for n, value in enumerate(self.values[first - 1 :][:max_records])
        ]

    def wait(self, timeout_s: float) -> bool:
        assert timeout_s > 0
        self.waits += 1
        return False


@dataclass
class Sending:
    error: Exception | None = None
    is_done: bool = False


@dataclass
class World:
    """A broker with a script, a clock that only waiting moves, and a stop when all is done."""

    log: Log
    script: list[str] = field(default_factory=list)
    topic: list[int] = field(default_factory=list)
    now: float = 0.0
    connections: int = 0
    open: int = 0
    refusing: bool = True
    patience: int = 5_000

    def connect(self) -> World:
        self.connections += 1
        self.open += 1
        if self.script and self.script[0] == BLOCKS:
            self.script.pop(0)
            self.open -= 1
            raise StorageError("no broker")
        return self

    def send(self, record: Record) -> Sending:
        what = self.script.pop(0) if self.script else TAKES
        if what == BLOCKS:
            raise StorageError("no room")
        if what == REFUSES and self.refusing:
            return Sending(RefusedError(), is_done=True)
        if what == LOSES:
            return Sending(LostError(), is_done=True)
        if what == HANGS:
            return Sending()
        self.topic.append(record.position)
        return Sending(is_done=True)

    def is_refusal(self, error: Exception) -> bool:
        return isinstance(error, RefusedError)

    def close(self) -> None:
        self.open -= 1

    def is_set(self) -> bool:
        self.patience -= 1
        return self.patience < 0 or self.log.waits > 1

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


def forward(world: World, path: Path) -> Forwarder:
    world.log.waits = 0
    with ForwardFile(path, partition=NODE) as file:
        forwarder = Forwarder(
            world.log,
            file,
            world.connect,
            monotonic=lambda: world.now,
            limits=LIMITS,
            pause=lambda _s: None,
        )
        forwarder.run(world)
        return forwarder


OUTCOMES = st.lists(st.sampled_from([TAKES, LOSES, REFUSES, HANGS, BLOCKS]), max_size=25)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 12), script=OUTCOMES)
def test_each_record_arrives_or_is_kept_as_refused(
    tmp_path: Path, count: int, script: list[str]
) -> None:
    path = Path(mkdtemp(dir=tmp_path)) / "forward.db"
    world = World(Log(count), list(script))
    forwarder = forward(world, path)
    refused = forwarder.progress.refused
    assert {*world.topic, *refused} == set(range(1, count + 1))
    # What comes after one that failed may arrive before it is sent again.
    firsts = list(dict.fromkeys(world.topic))
    assert {LOSES, HANGS, REFUSES} & {*script} or firsts == sorted(firsts)
    assert world.open == 0
    with ForwardFile(path, partition=NODE) as file:
        assert file.position() == (count + 1 if count else 0)
        assert tuple(one.position for one in file.refused()) == refused


def test_what_hangs_is_given_up_and_sent_over_a_new_connection(tmp_path: Path) -> None:
    world = World(Log(3), [TAKES, HANGS, TAKES])
    forwarder = forward(world, tmp_path / "forward.db")
    assert world.connections == 2
    assert world.topic == [1, 3, 2, 3], "what was on its way is sent again, in order"
    assert forwarder.progress.position == 4
    assert forwarder.progress.unsent_since is None


def test_what_is_refused_is_offered_again_and_holds_nobody_up(tmp_path: Path) -> None:
    world = World(Log(3), [REFUSES])
    forwarder = forward(world, tmp_path / "forward.db")
    assert world.topic == [2, 3]
    assert forwarder.progress.refused == (1,)
    assert forwarder.progress.done_before == 1, "it must not be trimmed"
    forwarder = forward(world, tmp_path / "forward.db")
    assert world.topic == [2, 3, 1]
    assert forwarder.progress.refused == ()
    assert forwarder.progress.done_before == 4


def test_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    world = World(Log(5))
    forward(world, tmp_path / "forward.db")
    world.log.values.append(b"one more")
    forward(world, tmp_path / "forward.db")
    assert world.topic == [1, 2, 3, 4, 5, 6]


def test_it_says_since_when_something_waits(tmp_path: Path) -> None:
    world = World(Log(1), [BLOCKS] * 1_000, patience=50)
    forwarder = forward(world, tmp_path / "forward.db")
    assert forwarder.progress.unsent_since == 0.0
    assert forwarder.progress.failures_in_a_row > 1
    assert forwarder.progress.last_error == "StorageError: no broker"


def test_a_file_that_is_none_is_said_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "forward.db").write_bytes(b"no database" * 100)
    world = World(Log(1), patience=20)
    file = ForwardFile(tmp_path / "forward.db", partition=NODE)
    forwarder = Forwarder(
        world.log, file, world.connect, monotonic=lambda: world.now, limits=LIMITS
    )
    forwarder.run(world)
    assert world.topic == []
    assert "forward.db can't be read" in (forwarder.progress.last_error or "")
