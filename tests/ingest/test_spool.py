from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.recent_ids import RecentIds
from ingest.spool import Spool
from ingest.spool_entry import (
    AFTER_FSYNC,
    BEFORE_FSYNC,
    Appended,
    Conflict,
    Duplicate,
    SpoolLimits,
    SpoolVerdict,
)
from ingest.spool_file import SpoolFile, connect
from ingest.spool_reader import SpoolReader
from schemas.errors import ConfigurationError, StorageError, StorageFullError
from tests.ingest.support import NODE, entry

Verdicts = list[SpoolVerdict]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    with Spool(path, node=NODE) as it:
        yield it


def values(path: Path, position: int = 0) -> list[tuple[int, bytes]]:
    with SpoolReader(path, partition=NODE) as reader:
        records = reader.read(position, max_records=100_000, max_bytes=10**9)
    return [(record.position, record.value) for record in records]


class Killed(BaseException):
    """Stands for a process that dies at a named point."""


class TestAppend:
    def test_positions_are_contiguous_and_in_the_order_of_the_entries(
        self, spool: Spool, path: Path
    ) -> None:
        first = spool.append([entry("a-01"), entry("a-02", text="y")]).result()
        second = spool.append([entry("a-03")]).result()
        assert [*first, *second] == [Appended(1), Appended(2), Appended(3)]
        assert values(path) == [(1, b"x"), (2, b"y"), (3, b"x")]

    def test_the_same_key_and_body_gets_the_first_answer(self, spool: Spool) -> None:
        spool.append([entry("a-01")]).result()
        assert spool.append([entry("a-01")]).result() == [Duplicate(1, b"x")]

    def test_the_same_key_with_another_body_is_a_conflict(self, spool: Spool, path: Path) -> None:
        spool.append([entry("a-01")]).result()
        assert spool.append([entry("a-01", text="z")]).result() == [Conflict(1)]
        assert values(path) == [(1, b"x")]

    def test_repeats_inside_of_one_call_are_seen(self, spool: Spool, path: Path) -> None:
        entries = [entry("a-01"), entry("a-01"), entry("a-01", text="z"), entry("a-02")]
        verdicts = spool.append(entries).result()
        assert verdicts == [Appended(1), Duplicate(1, b"x"), Conflict(1), Appended(2)]
        assert len(values(path)) == 2

    def test_what_is_new_is_stored_beside_what_is_not(self, spool: Spool, path: Path) -> None:
        spool.append([entry("a-01"), entry("a-02")]).result()
        entries = [entry("a-03"), entry("a-02"), entry("a-04"), entry("a-01", text="z")]
        verdicts = spool.append(entries).result()
        assert verdicts == [Appended(3), Duplicate(2, b"x"), Appended(4), Conflict(1)]
        assert [position for position, _ in values(path)] == [1, 2, 3, 4]

    def test_a_revision_is_another_key(self, spool: Spool) -> None:
        entries = [entry("a-01"), entry("a-01", revision=2, text="z")]
        assert spool.append(entries).result() == [Appended(1), Appended(2)]

    def test_many_threads_at_once_lose_nothing(self, spool: Spool, path: Path) -> None:
        def send(sender: int) -> list[Verdicts]:
            # Every third id is sent by two senders: one of them is first.
            return [
                spool.append([entry(f"s-{(sender if n % 3 else sender // 2)}-{n}")]).result()
                for n in range(20)
            ]

        with ThreadPoolExecutor(8) as pool:
            answers = [it for each in pool.map(send, range(8)) for it in each]
        appended = [verdict.position for [verdict] in answers if isinstance(verdict, Appended)]
        assert sorted(appended) == list(range(1, len(appended) + 1))
        assert len(values(path)) == len(appended)
        assert sum(isinstance(verdict, Duplicate) for [verdict] in answers) == 160 - len(appended)

    def test_those_who_wait_share_one_commit(self, path: Path) -> None:
        started, go_on = threading.Event(), threading.Event()
        commits: list[str] = []

        def checkpoint(name: str) -> None:
            if name == BEFORE_FSYNC:
                commits.append(name)
                started.set()
                go_on.wait(5)

        with Spool(path, node=NODE, checkpoint=checkpoint) as spool:
            first = spool.append([entry("a-00")])
            assert started.wait(5)
            rest = [spool.append([entry(f"b-{n:02d}")]) for n in range(50)]
            go_on.set()
            assert first.result() == [Appended(1)]
            assert [future.result() for future in rest] == [[Appended(n)] for n in range(2, 52)]
        assert len(commits) == 2


class TestDurability:
    def test_journal_and_synchronous_are_read_back(self, path: Path) -> None:
        db = connect(path)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        db.close()

    def test_a_file_that_cannot_have_a_write_ahead_log_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="local disk"):
            connect(Path(":memory:"))

    def test_nothing_of_a_commit_stays_that_was_killed_before_its_fsync(self, path: Path) -> None:
        def die(name: str) -> None:
            if name == BEFORE_FSYNC:
                raise Killed

        doomed = SpoolFile(path, checkpoint=die)
        with pytest.raises(Killed):
            doomed.append([entry("a-01"), entry("a-02")])
        again = SpoolFile(path)
        assert again.append([entry("a-02"), entry("a-03")]) == [Appended(1), Appended(2)]
        again.close()
        assert values(path) == [(1, b"x"), (2, b"x")]

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_a_commit_killed_before_its_answer_is_found_again(self, path: Path) -> None:
        def die(name: str) -> None:
            if name == AFTER_FSYNC:
                raise Killed

        with Spool(path, node=NODE, checkpoint=die) as doomed:
            future = doomed.append([entry("a-01")])
            with pytest.raises(StorageFullError):
                future.result(5)
        with Spool(path, node=NODE) as spool:
            assert spool.append([entry("a-01")]).result() == [Duplicate(1, b"x")]

    def test_a_spool_that_was_abandoned_opens_again(self, path: Path) -> None:
        # No close, no checkpoint: as after a kill, all that is left is the write-ahead log.
        abandoned = SpoolFile(path)
        abandoned.append([entry(f"a-{n:02d}") for n in range(10)])
        again = SpoolFile(path)
        assert again.append([entry("a-09"), entry("a-10")]) == [
            Duplicate(10, b"x"),
            Appended(11),
        ]
        abandoned.close()
        again.close()

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_after_a_fault_of_its_thread_nobody_waits_for_ever(self, path: Path) -> None:
        def die(_name: str) -> None:
            raise Killed

        with Spool(path, node=NODE, checkpoint=die) as spool:
            with pytest.raises(StorageFullError):
                spool.append([entry("a-01")]).result(5)
            with pytest.raises(StorageFullError):
                spool.append([entry("a-02")]).result(5)
            assert not spool.check()


class TestFull:
    def test_a_full_file_refuses_all_and_keeps_what_it_has(self, path: Path) -> None:
        limits = SpoolLimits(max_file_bytes=100_000)
        with Spool(path, node=NODE, limits=limits) as spool:
            assert spool.append([entry("a-01", size=20_000)]).result() == [Appended(1)]
            with pytest.raises(StorageFullError):
                spool.append([entry("b-01"), entry("b-02", size=200_000)]).result()
            assert len(values(path)) == 1
            assert spool.append([entry("c-01", size=20_000)]).result() == [Appended(2)]
            assert spool.check()

    def test_a_nearly_full_disk_refuses_before_it_is_full(self, path: Path) -> None:
        with (
            Spool(path, node=NODE, limits=SpoolLimits(min_free_bytes=10**18)) as spool,
            pytest.raises(StorageFullError, match="nearly full"),
        ):
            spool.append([entry("a-01")]).result()

    def test_it_is_ready_again_by_itself_when_the_disk_is(self, path: Path) -> None:
        faults = [OSError(errno.ENOSPC, "No space left on device")]

        def checkpoint(name: str) -> None:
            if name == BEFORE_FSYNC and faults:
                raise faults.pop()

        with Spool(path, node=NODE, checkpoint=checkpoint) as spool:
            with pytest.raises(StorageFullError, match="No space left"):
                spool.append([entry("a-01")]).result()
            assert not spool.check()
            # The question above made the writer try; it goes first.
            spool.append(()).result()
            assert spool.check()
            assert spool.append([entry("a-01")]).result() == [Appended(1)]

    def test_what_waits_is_bounded(self, path: Path) -> None:
        started, go_on = threading.Event(), threading.Event()

        def checkpoint(_name: str) -> None:
            started.set()
            go_on.wait(5)

        limits = SpoolLimits(max_queued_bytes=1_000)
        with Spool(path, node=NODE, limits=limits, checkpoint=checkpoint) as spool:
            first = spool.append([entry("a-01", size=900)])
            assert started.wait(5)
            second = spool.append([entry("a-02", size=900)])
            third = spool.append([entry("a-03", size=900)])
            with pytest.raises(StorageFullError, match="slower"):
                third.result()
            go_on.set()
            assert first.result() == [Appended(1)]
            assert second.result() == [Appended(2)]

    def test_a_closed_spool_refuses(self, path: Path) -> None:
        with Spool(path, node=NODE) as spool:
            pass
        with pytest.raises(StorageFullError, match="closed"):
            spool.append([entry("a-01")]).result()


class TestReader:
    def test_a_log_that_does_not_exist_yet_is_empty(self, path: Path) -> None:
        assert values(path) == []

    def test_reading_is_bounded_by_count_and_bytes_but_gives_at_least_one(
        self, spool: Spool, path: Path
    ) -> None:
        spool.append([entry(f"a-{n:02d}", size=99) for n in range(10)]).result()
        with SpoolReader(path, partition=NODE) as reader:
            by_count = reader.read(1, max_records=3, max_bytes=10**6)
            by_bytes = reader.read(4, max_records=100, max_bytes=250)
            at_least = reader.read(10, max_records=100, max_bytes=1)
            end = reader.read(11, max_records=100, max_bytes=100)
        assert [it.position for it in by_count] == [1, 2, 3]
        assert [it.position for it in by_bytes] == [4, 5]
        assert [it.position for it in at_least] == [10]
        assert list(end) == []
        assert {it.partition for it in by_count} == {NODE}

    def test_reading_a_position_again_gives_the_same(self, spool: Spool, path: Path) -> None:
        spool.append([entry("a-01"), entry("a-02")]).result()
        assert values(path, 2) == values(path, 2) == [(2, b"x")]

    def test_a_reader_that_opened_before_the_log_was_made_goes_on(self, path: Path) -> None:
        with SpoolReader(path, partition=NODE) as reader:
            assert list(reader.read(0, max_records=1, max_bytes=1)) == []
            with Spool(path, node=NODE) as spool:
                spool.append([entry("a-01")]).result()
            assert len(reader.read(0, max_records=1, max_bytes=1)) == 1

    def test_a_file_that_is_no_log_is_an_error_of_the_store(self, path: Path) -> None:
        path.write_bytes(b"not a database at all" * 100)
        with (
            SpoolReader(path, partition=NODE) as reader,
            pytest.raises(StorageError, match="can't be read"),
        ):
            reader.read(0, max_records=1, max_bytes=1)

    def test_the_bell_rings_after_each_commit(self, path: Path, tmp_path: Path) -> None:
        wake = tmp_path / "wake"
        with (
            SpoolReader(path, partition=NODE, wake_path=wake) as reader,
            Spool(path, node=NODE, wake_path=wake) as spool,
        ):
            assert not reader.wait(0.0)
            spool.append([entry("a-01")]).result()
            assert reader.wait(5.0)
            assert not reader.wait(0.0)

    def test_nobody_at_the_bell_is_no_error(self, path: Path, tmp_path: Path) -> None:
        with Spool(path, node=NODE, wake_path=tmp_path / "nobody") as spool:
            assert spool.append([entry("a-01")]).result() == [Appended(1)]

    def test_where_no_bell_can_hang_the_reader_looks_by_itself(
        self, path: Path, tmp_path: Path
    ) -> None:
        wake = tmp_path / ("x" * 200)
        with SpoolReader(path, partition=NODE, wake_path=wake) as reader:
            assert reader.wait(0.0)


class TestTrim:
    def test_bytes_go_but_keys_and_answers_stay(self, path: Path) -> None:
        log = SpoolFile(path)
        log.append([entry(f"a-{n:02d}") for n in range(5)])
        assert not log.trim(4)
        assert values(path, 4) == [(4, b"x"), (5, b"x")]
        assert log.append([entry("a-00"), entry("a-01", text="z"), entry("a-03")]) == [
            Duplicate(1, b""),
            Conflict(2),
            Duplicate(4, b"x"),
        ]
        log.close()

    def test_a_trimmed_record_is_not_skipped_in_silence(self, path: Path) -> None:
        log = SpoolFile(path)
        log.append([entry("a-01"), entry("a-02")])
        log.trim(2)
        log.close()
        with pytest.raises(StorageError, match="trimmed"):
            values(path, 1)

    def test_trimming_goes_on_where_it_stopped_also_after_a_restart(self, path: Path) -> None:
        log = SpoolFile(path)
        log.append([entry(f"a-{n:04d}") for n in range(2_500)])
        assert log.trim(2_400)
        log.close()
        again = SpoolFile(path)
        assert again.trim(2_400)
        assert not again.trim(2_400)
        assert not again.trim(100)
        again.close()
        assert values(path, 2_400)[0] == (2_400, b"x")
        with pytest.raises(StorageError):
            values(path, 2_399)

    def test_it_happens_in_the_background(self, spool: Spool, path: Path) -> None:
        spool.append([entry(f"a-{n:04d}") for n in range(1_500)]).result()
        spool.trim(1_501)
        # The same thread serves both, one after another.
        for n in range(3):
            spool.append([entry(f"b-{n}")]).result()
        assert values(path, 1_501) == [(1_501 + n, b"x") for n in range(3)]

    def test_more_than_there_is_does_not_touch_what_comes(self, path: Path) -> None:
        log = SpoolFile(path)
        log.append([entry("a-01")])
        assert not log.trim(1_000)
        log.append([entry("a-02")])
        log.close()
        assert values(path, 2) == [(2, b"x")]


class TestRecentIds:
    def test_the_newest_are_known_and_the_bound_holds(self, path: Path) -> None:
        with Spool(path, node=NODE, limits=SpoolLimits(recent_ids=3)) as spool:
            for n in range(5):
                spool.append([entry(f"a-{n:02d}")]).result()
            assert spool.position_of(entry("a-04").report_id) == 5
            assert spool.position_of(entry("a-02").report_id) == 3
            assert spool.position_of(entry("a-01").report_id) is None
            assert spool.indexed_from == 3

    def test_what_was_there_already_is_not_there_twice(self, path: Path) -> None:
        with Spool(path, node=NODE) as spool:
            spool.append([entry("a-01"), entry("a-02")]).result()
            spool.append([entry("a-02"), entry("a-03"), entry("a-03")]).result()
            assert [spool.position_of(entry(f"a-0{n}").report_id) for n in (1, 2, 3)] == [1, 2, 3]

    @given(st.lists(st.one_of(st.integers(1, 4), st.none()), max_size=20), st.integers(1, 6))
    def test_as_one_index_of_all_of_them_would_say(
        self, steps: list[int | None], most: int
    ) -> None:
        """None asks, a number is a commit of so many."""
        recent = RecentIds(most=most, start=7)
        end = 7
        for step in steps:
            if step is not None:
                recent.add(end, [str(at) for at in range(end, end + step)])
                end += step
                continue
            assert end - recent.start >= min(most, end - 7)
            assert end - recent.start < most + 4
            for at in range(7, end):
                assert recent.position_of(str(at)) == (at if at >= recent.start else None)
