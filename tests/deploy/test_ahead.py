"""A log that is read ahead gives what the log gives, whatever the child does."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from deploy.ahead import (
    ENOUGH,
    PIECE,
    READY,
    REQUEST,
    REST_S,
    AheadSource,
    Child,
    ChildGoneError,
    Reading,
    start_child,
    unpacked,
)
from deploy.ahead_answer import Prepared, pack, unpack
from deploy.serve_ahead import prepared, serve
from ingest.spool import Spool
from ingest.spool_entry import SpoolEntry
from ingest.spool_reader import SpoolReader
from processing.adapters.sql.layers import store_layer
from processing.batch.account import Account, Placed, read_account
from processing.batch.intake import Arrival
from processing.batch.placing import place
from processing.engine.batch import Decoded
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas.codec import encode
from schemas.errors import InvalidMessageError, StorageError
from schemas.layer import LayerKind
from schemas.log import Record
from schemas.report import AdmittedReport
from tests.processing.building import (
    NOON,
    ZONE,
    MemoryLog,
    admitted,
    database,
    mission,
    report,
)
from tests.processing.engine.fakes import Ticks
from tests.processing.generating import report_sets
from tests.processing.world import FEATURES
from tests.support.box import wait_for

VALUES = [encode(admitted(report(f"root-{n}"))) for n in range(20)]
LAYERS = Locator(LayerSet.of(FEATURES))
BEHIND = 50
MANY = 3 * BEHIND


def log_of(values: Sequence[bytes]) -> MemoryLog:
    log = MemoryLog()
    for value in values:
        log.append(value)
    return log


@dataclass
class FakeChild:
    """A child that prepares when it is asked, and then does what a script says."""

    log: MemoryLog
    mood: Callable[[], str]
    waiting: list[Sequence[Prepared]] = field(default_factory=list)
    is_closed: bool = False
    # It has prepared no more than that yet.
    most: int = MANY
    _mood: str = "answers"

    def ask(self, position: int, *, max_records: int, max_bytes: int) -> None:
        self._mood = self.mood()
        if self._mood == "gone":
            raise ChildGoneError
        records = self.log.read(position, max_records=max_records, max_bytes=max_bytes)
        self.waiting.append([(record, read_account(record.value)) for record in records])

    def is_ready(self) -> bool:
        return self.mood() != "late"

    def answer(self) -> Sequence[Prepared]:
        prepared = self.waiting.pop()
        if self._mood == "dies":
            raise ChildGoneError
        return () if self._mood == "cannot read" else prepared[: self.most]

    def close(self) -> None:
        self.is_closed = True


@given(
    reads=st.lists(st.tuples(st.integers(0, MANY), st.integers(1, 2 * BEHIND)), max_size=8),
    data=st.data(),
)
def test_gives_what_the_log_gives(reads: list[tuple[int, int]], data: st.DataObject) -> None:
    log = log_of([VALUES[n % len(VALUES)] for n in range(MANY)])
    moods = st.sampled_from(("answers", "late", "cannot read", "dies", "gone"))
    clock = Ticks()
    with AheadSource(
        log,
        lambda: FakeChild(log, lambda: data.draw(moods), most=data.draw(st.integers(0, MANY))),
        monotonic=clock,
        behind=BEHIND,
    ) as one:
        for at, most in reads:
            position = at
            # From somewhere on for a while, as a desk reads, then elsewhere, as after a failure.
            for _ in range(3):
                records = one.read(position, max_records=most, max_bytes=1 << 30)
                expected = log.read(position, max_records=most, max_bytes=1 << 30)
                # Fewer are there if the child had no more yet.
                assert records == expected[: len(records)]
                assert bool(records) == bool(expected)
                assert [one.decode(r).key for r in records] == [
                    read_account(r.value).key for r in records
                ]
                position += len(records)
                clock.now_s += data.draw(st.sampled_from((0.0, REST_S + 1)))


def test_takes_from_a_child_what_it_prepared() -> None:
    log = log_of([VALUES[0]] * MANY)
    child = FakeChild(log, lambda: "answers")
    with AheadSource(log, lambda: child, monotonic=Ticks(), behind=BEHIND) as one:
        first = one.read(0, max_records=BEHIND, max_bytes=1 << 30)
        assert len(child.waiting) == 1
        log.records.clear()
        assert len(one.read(len(first), max_records=BEHIND, max_bytes=1 << 30)) == BEHIND


def test_ends_a_child_that_nobody_needs() -> None:
    log, clock = log_of([VALUES[0]] * MANY), Ticks()
    child = FakeChild(log, lambda: "answers")
    with AheadSource(log, lambda: child, monotonic=clock, behind=BEHIND) as one:
        one.read(0, max_records=BEHIND, max_bytes=1 << 30)
        one.wait(1.0)
        assert not child.is_closed
        clock.now_s += REST_S + 1
        one.wait(1.0)
        assert child.is_closed


def here(arrivals: Sequence[Arrival]) -> Sequence[Placed]:
    return place(arrivals, ZONE, LAYERS)


def nowhere(arrivals: Sequence[Arrival]) -> Sequence[Placed]:
    raise StorageError(f"no layers for {len(arrivals)} reports")


@given(reports=report_sets(), place=st.sampled_from((here, nowhere)))
def test_an_answer_comes_out_as_it_went_in(
    reports: list[AdmittedReport], place: Callable[[Sequence[Arrival]], Sequence[Placed]]
) -> None:
    log = log_of([*map(encode, reports), b"{}"])
    found = prepared(log.records, place)
    assert [record for record, _ in found] == log.records
    # NaN, where nothing is stated, equals nothing.
    assert repr(unpack(pack(found))) == repr(found)
    (*_, (_, last)) = found
    assert last is None
    placed = [account.placed is not None for _, account in found if account is not None]
    assert placed == [place is here] * len(reports)


def test_a_record_that_cannot_be_decoded_says_so_where_it_is_decoded() -> None:
    log = log_of([*[VALUES[0]] * BEHIND, b"{}"])
    ((record, account),) = prepared(log.read(BEHIND, max_records=10, max_bytes=1 << 30), here)
    assert (record.position, record.value, account) == (BEHIND, b"{}", None)
    with AheadSource(
        log, lambda: pytest.fail("not behind"), monotonic=Ticks(), behind=BEHIND
    ) as one:
        (record,) = one.read(BEHIND, max_records=10, max_bytes=1 << 30)
        with pytest.raises(InvalidMessageError):
            one.decode(record)


def filled_box(folder: Path, count: int) -> Reading:
    """A spool with reports beside a database with layers."""
    path = folder / "spool.db"
    append(path, start=0, count=count)
    mission(folder / "tocsin.db").engine.dispose()
    return Reading(spool=path, partition="node-1", database=folder / "tocsin.db", zone=ZONE)


def append(spool_path: Path, *, start: int, count: int) -> None:
    entries = [
        SpoolEntry(f"root-{n}", 1, "0" * 64, f"{n:036x}", VALUES[n % len(VALUES)])
        for n in range(start, start + count)
    ]
    with Spool(spool_path, node="node-1") as spool:
        spool.append(entries).result()


def undone(account: Account) -> Account:
    """An account as it is before its report is placed."""
    return account._replace(placed=None)


def test_a_real_child_reads_a_real_spool_and_may_be_killed(tmp_path: Path) -> None:
    reading = filled_box(tmp_path, 6 * BEHIND)
    started: list[Child] = []

    def start() -> Child:
        started.append(start_child(reading))
        return started[-1]

    with (
        SpoolReader(reading.spool, partition="node-1") as reader,
        SpoolReader(reading.spool, partition="node-1") as log,
        AheadSource(reader, start, monotonic=Ticks(), behind=BEHIND) as one,
    ):
        position, ahead = 1, 0
        while records := one.read(position, max_records=BEHIND, max_bytes=1 << 30):
            expected = log.read(position, max_records=BEHIND, max_bytes=1 << 30)
            assert list(records) == list(expected)
            decoded = [one.decode(record) for record in records]
            arrivals = [Decoded(record, read_account(record.value)) for record in expected]
            # NaN, where nothing is stated, equals nothing.
            assert repr([*map(undone, decoded)]) == repr([known.message for known in arrivals])
            if decoded[0].placed is not None:
                ahead += 1
                assert [known.placed for known in decoded] == here(arrivals)
            position = records[-1].position + 1
            if position == 1 + 4 * BEHIND:
                os.kill(started[-1].pid, signal.SIGKILL)
            elif len(started) == 1:
                wait_for(started[0].is_ready, within_s=60, saying="the child is ready")
        assert position == 6 * BEHIND + 1
        assert len(started) == 1
        assert ahead > 0


@dataclass
class Growing(MemoryLog):
    """A log that gets a record each second time that it is read, until it is enough."""

    reads: int = 0
    enough_after: int = 9
    enough: Callable[[], None] = lambda: None

    @override
    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        self.reads += 1
        if self.reads % 2 == 0:
            self.append(VALUES[0])
        if self.reads == self.enough_after:
            self.enough()
        return super().read(position, max_records=max_records, max_bytes=max_bytes)


def test_a_child_goes_on_as_the_log_grows() -> None:
    receives, sends = os.pipe()

    def enough() -> None:
        os.write(sends, REQUEST.pack(ENOUGH, 0, 0))
        os.close(sends)

    log, answers = Growing(enough=enough), BytesIO()
    os.write(sends, REQUEST.pack(0, 100, 1 << 30))
    with TemporaryFile() as file:
        serve(log, here, requests=receives, answers=answers, file=file.fileno())
        ready, size = struct.unpack("<qq", answers.getvalue())
        found = unpacked(os.pread(file.fileno(), size, 0))
    os.close(receives)
    assert ready == READY
    assert [record for record, _ in found] == log.records
    assert len(found) == Growing.enough_after // 2


def test_a_child_says_with_which_layers_it_placed(tmp_path: Path) -> None:
    reading = filled_box(tmp_path, 1)
    assert reading.database is not None
    made = database(reading.database)
    child = start_child(reading, within_s=60)
    try:
        versions = []
        wait_for(child.is_ready, within_s=60, saying="the child is ready")
        for _ in range(2):
            child.ask(1, max_records=10, max_bytes=1 << 30)
            ((_, account),) = child.answer()
            assert account is not None
            assert account.placed is not None
            versions.append(account.placed.layers)
            store_layer(made.begin, LayerKind.UN_BASE, (), source="made up", now=NOON)
    finally:
        child.close()
        made.engine.dispose()
    left = (one for one in FEATURES if one.layer is not LayerKind.UN_BASE)
    assert versions == [LAYERS.layers.version, LayerSet.of(left).version]


def test_a_child_answers_with_what_it_has_when_it_is_enough(tmp_path: Path) -> None:
    count = 2 * PIECE + 1
    reading = filled_box(tmp_path, count)
    child = start_child(reading, within_s=60)

    def answer(position: int, *, most: int = 3 * PIECE) -> list[int]:
        child.ask(position, max_records=most, max_bytes=1 << 30)
        return [record.position for record, _ in child.answer()]

    try:
        wait_for(child.is_ready, within_s=60, saying="the child is ready")
        # At once: what it finds in one go, and there is no need to wait for more.
        assert answer(1)[:PIECE] == [*range(1, PIECE + 1)]
        # All that was asked for; that it is enough comes when it has answered.
        assert answer(2, most=10) == [*range(2, 12)]
        assert answer(count) == [count]
    finally:
        child.close()


def test_a_child_that_hangs_is_given_up(tmp_path: Path) -> None:
    child = start_child(filled_box(tmp_path, 1), within_s=0.2)
    os.kill(child.pid, signal.SIGSTOP)
    try:
        child.ask(1, max_records=10, max_bytes=1 << 30)
        with pytest.raises(ChildGoneError):
            child.answer()
    finally:
        child.close()


def test_a_child_ends_with_its_standard_input(tmp_path: Path) -> None:
    reading = filled_box(tmp_path, 1)
    with TemporaryFile() as file:
        told = (reading.spool, "node-1", reading.database, ZONE, file.fileno())
        ended = subprocess.run(
            [sys.executable, "-m", "deploy.serve_ahead", *map(str, told)],
            stdin=subprocess.DEVNULL,
            pass_fds=[file.fileno()],
            check=False,
            timeout=60,
        )
    assert ended.returncode == 0
