from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from processing.adapters.kafka.partition import PartitionLog
from schemas.log import Record

NAME = "reports.v1/3"
# Offsets have holes where the broker kept marks of its own.
OFFSETS = [0, 1, 2, 5, 6, 9, 10, 11, 12, 20]


@dataclass
class Client:
    """Fetches what a log asks for, some records at a time."""

    at: int = -1
    seeks: list[int] = field(default_factory=list)

    def seek(self, position: int) -> None:
        self.seeks.append(position)
        self.at = position

    def fetch(self, log: PartitionLog, count: int) -> None:
        if self.at < 0:
            return
        found = deque(offset for offset in OFFSETS if offset >= self.at)
        records = [record(found.popleft()) for _ in range(min(count, len(found)))]
        if records:
            self.at = records[-1].position + 1
        log.add(records)


def record(offset: int) -> Record:
    return Record(NAME, offset, f"report {offset}".encode())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fetch"), st.integers(1, 5)),
        st.tuples(st.just("read"), st.integers(1, 4)),
        # Looks at what is still to come, which takes nothing away.
        st.tuples(st.just("peek"), st.integers(0, 9)),
        # Stores what it read last, or does not: then it reads the same again.
        st.tuples(st.just("store"), st.just(0)),
        # As another worker moved it, or a restored database.
        st.tuples(st.just("jump"), st.sampled_from([0, 3, 7, 10])),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_a_reader_sees_each_record_from_its_position_on_in_order(
    steps: list[tuple[str, int]],
) -> None:
    client = Client()
    log = PartitionLog(NAME, client.seek)
    position, last = 0, None
    for what, number in steps:
        if what == "fetch":
            client.fetch(log, number)
        elif what == "jump":
            position, last = number, None
        elif what == "store" and last is not None:
            position, last = last, None
        elif what == "read":
            records = log.read(position, max_records=number, max_bytes=1_000)
            expected = [offset for offset in OFFSETS if offset >= position]
            assert [one.position for one in records] == expected[: len(records)]
            last = records[-1].position + 1 if records else None
        elif what == "peek":
            ahead = position + number
            found = log.peek(ahead, max_records=3, max_bytes=1_000)
            expected = [offset for offset in OFFSETS if offset >= ahead]
            assert [one.position for one in found] == expected[: len(found)]
    # Whatever happened, the rest comes.
    for _ in range(len(OFFSETS)):
        log.read(position, max_records=1, max_bytes=1_000)
        client.fetch(log, 5)
    rest = log.read(position, max_records=100, max_bytes=10_000)
    assert [one.position for one in rest] == [offset for offset in OFFSETS if offset >= position]
    assert log.size == sum(len(one.value) for one in rest)


def test_a_batch_is_bounded_by_bytes_and_never_empty() -> None:
    log = PartitionLog(NAME, lambda _position: None)
    log.read(0, max_records=1, max_bytes=1)
    log.add(map(record, OFFSETS))
    assert len(log.read(0, max_records=10, max_bytes=1)) == 1
    assert len(log.read(0, max_records=10, max_bytes=18)) == 2


def test_a_look_ahead_is_bounded_as_a_batch_is_and_takes_nothing_away() -> None:
    log = PartitionLog(NAME, lambda _position: None)
    assert log.peek(0, max_records=1, max_bytes=1) == ()
    log.read(0, max_records=1, max_bytes=1)
    log.add(map(record, OFFSETS))
    assert [one.position for one in log.peek(3, max_records=2, max_bytes=100)] == [5, 6]
    assert len(log.peek(3, max_records=10, max_bytes=1)) == 1
    assert log.peek(21, max_records=10, max_bytes=100) == []
    assert log.read(0, max_records=1, max_bytes=1) == [record(0)]


def test_what_is_forgotten_is_asked_for_again() -> None:
    client = Client()
    log = PartitionLog(NAME, client.seek)
    log.read(2, max_records=1, max_bytes=1)
    client.fetch(log, 3)
    log.forget()
    assert (log.size, client.seeks) == (0, [2])
    assert log.read(2, max_records=1, max_bytes=1) == ()
    assert client.seeks == [2, 2]
