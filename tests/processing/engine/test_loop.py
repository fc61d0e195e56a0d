from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.engine.batch import Batch
from processing.engine.errors import PoisonLimitError
from processing.engine.limits import EngineLimits
from schemas.errors import FencedError, StorageError
from tests.processing.building import PARTITION
from tests.processing.engine.fakes import POISON, Bench, MemoryStore

SMALL = EngineLimits(max_records=10)
LENIENT = EngineLimits(max_records=7, poison_in_a_row=10**6, poison_share=1.0)


def values(count: int) -> list[bytes]:
    return [f"report {n}".encode() for n in range(count)]


def kinds(letters: str) -> list[bytes]:
    known = {"g": b"good", "u": b"?undecodable", "p": POISON, "b": b"!"}
    return [known[letter] for letter in letters]


class TestGoingThroughALog:
    def test_stores_every_record_once_in_bounded_batches(self) -> None:
        bench = Bench(values(25), limits=SMALL)
        bench.run()
        assert list(bench.store.rows) == list(range(25))
        assert bench.store.batches == [10, 10, 5]
        assert bench.position == 25

    def test_takes_what_is_there_without_waiting_for_a_full_batch(self) -> None:
        bench = Bench(values(3))
        bench.run()
        assert bench.store.batches == [3]
        assert bench.log.waits == 1

    def test_goes_on_where_the_store_stands(self) -> None:
        bench = Bench(values(25), limits=SMALL)
        bench.run()
        for value in values(5):
            bench.log.append(value)
        bench.log.waits = 0
        bench.run()
        assert list(bench.store.rows) == list(range(30))

    def test_bounds_a_batch_by_bytes(self) -> None:
        bench = Bench(values(6), limits=EngineLimits(max_bytes=20))
        bench.run()
        assert bench.store.batches == [2, 2, 2]

    def test_takes_fewer_records_after_a_slow_batch_and_more_again_later(self) -> None:
        store = MemoryStore()
        bench = Bench(
            values(6_400), store=store, limits=EngineLimits(max_records=1_600, max_age_s=0.25)
        )

        def slow_at_first(_batch: Batch[str]) -> None:
            bench.clock.now_s += 1.0 if len(store.batches) == 1 else 0.01

        store.after = slow_at_first
        bench.run()
        assert store.batches[:4] == [1_600, 400, 1_600, 1_600]

    def test_tells_how_far_it_has_come(self) -> None:
        bench = Bench(kinds("ggug"))
        bench.clock.now_s = 5.0
        bench.run()
        progress = bench.worker.progress
        assert (progress.position, progress.records, progress.set_aside) == (4, 3, 1)
        assert bench.worker.is_healthy(now=6.0, patience_s=2.0)
        assert not bench.worker.is_healthy(now=8.0, patience_s=2.0)


class TestUrgentRecords:
    MANY = EngineLimits(urgent_from=5)

    def test_go_before_the_batch_that_they_came_in(self) -> None:
        bench = Bench(values(10), limits=self.MANY, is_urgent=lambda text: text == "report 7")
        orders: list[list[int]] = []
        bench.store.after = lambda _batch: orders.append(list(bench.store.rows))
        bench.run()
        assert orders == [[7], [7, 0, 1, 2, 3, 4, 5, 6, 8, 9]]
        assert (bench.position, bench.worker.progress.records) == (10, 10)

    def test_go_before_all_that_waits_and_not_only_their_batch(self) -> None:
        bench = Bench(
            values(30),
            limits=EngineLimits(max_records=10, urgent_from=5),
            is_urgent=lambda text: text in {"report 7", "report 25"},
        )
        bench.run()
        assert bench.store.batches == [2, 10, 10, 10]
        assert list(bench.store.rows)[:3] == [7, 25, 0]

    def test_that_come_later_do_not_wait_for_what_was_there(self) -> None:
        bench = Bench(
            values(20),
            limits=EngineLimits(max_records=10, urgent_from=5),
            is_urgent=lambda text: text == "late",
        )

        def come(_batch: Batch[str]) -> None:
            if len(bench.store.batches) == 1:
                bench.log.append(b"late")

        bench.store.after = come
        bench.run()
        assert bench.store.batches == [10, 1, 10, 1]
        assert list(bench.store.rows)[10:12] == [20, 10]

    def test_make_the_batches_short_for_a_while(self) -> None:
        limits = EngineLimits(max_age_s=2.0, urgent_age_s=0.5, urgent_for_s=2.0)
        bench = Bench(values(3_000), limits=limits, is_urgent=lambda text: text == "now")

        def take(batch: Batch[str]) -> None:
            bench.clock.now_s += len(batch.records) / 1_000
            if len(bench.store.batches) == 1:
                bench.log.append(b"now")
                for value in values(4_000):
                    bench.log.append(value)

        bench.store.after = take
        bench.run()
        assert bench.store.batches == [3_000, 1, 500, 500, 500, 500, 2_000, 1]

    @pytest.mark.parametrize(("count", "urgent"), [(4, 1), (10, 6), (10, 0)])
    def test_wait_in_a_small_batch_and_where_most_are_urgent(self, count: int, urgent: int) -> None:
        bench = Bench(
            values(count), limits=self.MANY, is_urgent=lambda text: int(text.split()[1]) < urgent
        )
        bench.run()
        assert bench.store.batches == [count]

    def test_that_break_the_stage_are_found_with_their_batch(self) -> None:
        bench = Bench(kinds("gggggggp"), limits=self.MANY, is_urgent=lambda text: text == "poison")
        bench.run()
        assert list(bench.store.rows) == list(range(7))
        assert list(bench.store.set_aside) == [7]

    def test_are_tried_again_when_the_store_is_away(self) -> None:
        bench = Bench(values(10), limits=self.MANY, is_urgent=lambda text: text == "report 7")
        failures = [StorageError("away")]

        def fail_once(_batch: Batch[str]) -> None:
            if failures:
                raise failures.pop()

        bench.store.before = fail_once
        bench.run()
        assert bench.store.batches == [1, 10]


class TestPoison:
    def test_sets_an_undecodable_record_aside_with_its_reason(self) -> None:
        bench = Bench(kinds("gug"))
        bench.run()
        assert list(bench.store.rows) == [0, 2]
        assert bench.store.set_aside == {1: "undecodable: not a message at #"}

    def test_sets_a_record_aside_that_breaks_its_reader(self) -> None:
        bench = Bench(kinds("gbg"))
        bench.run()
        assert list(bench.store.rows) == [0, 2]
        assert bench.store.set_aside == {1: "KeyError: 'unforeseen'"}

    def test_finds_the_one_record_that_breaks_its_batch(self) -> None:
        bench = Bench(kinds("g" * 40 + "p" + "g" * 59))
        bench.run()
        assert list(bench.store.rows) == [*range(40), *range(41, 100)]
        assert bench.store.set_aside == {40: "ValueError: cannot be staged"}

    @given(letters=st.text(alphabet="gup", max_size=60))
    def test_everything_good_is_stored_and_everything_bad_is_kept(self, letters: str) -> None:
        bench = Bench(kinds(letters), limits=LENIENT)
        bench.run()
        assert sorted(bench.store.rows) == [i for i, x in enumerate(letters) if x == "g"]
        assert sorted(bench.store.set_aside) == [i for i, x in enumerate(letters) if x != "g"]
        assert bench.position == len(letters)

    @pytest.mark.parametrize("letter", ["u", "p"])
    def test_many_in_a_row_stop_the_worker_instead_of_draining_the_log(self, letter: str) -> None:
        bench = Bench(kinds("g" * 5 + letter * 60), limits=SMALL)
        with pytest.raises(PoisonLimitError, match="stay in the log"):
            bench.run()
        assert len(bench.store.set_aside) < 50
        assert bench.position == 5 + len(bench.store.set_aside)

    def test_a_share_of_the_last_records_stops_the_worker(self) -> None:
        bench = Bench(kinds("ggggggggup" * 100))
        with pytest.raises(PoisonLimitError):
            bench.run()
        assert len(bench.store.set_aside) <= 50

    def test_a_few_bad_records_among_the_first_do_not_stop_a_fresh_worker(self) -> None:
        bench = Bench(kinds("up" * 10))
        bench.run()
        assert len(bench.store.set_aside) == 20

    def test_a_stage_that_breaks_without_any_record_stops_the_worker(self) -> None:
        def broken(_batch: Batch[str]) -> None:
            raise RuntimeError

        bench = Bench(values(1), store=MemoryStore(before=broken))
        with pytest.raises(RuntimeError):
            bench.run()
        assert bench.position == 0


class TestStorageFailures:
    def test_backs_off_longer_each_time_and_never_sets_aside(self) -> None:
        failures = iter(range(4))

        def unwell(_batch: Batch[str]) -> None:
            if next(failures, None) is not None:
                raise StorageError("locked")

        bench = Bench(values(3), store=MemoryStore(before=unwell))
        bench.run()
        assert bench.stop.waited == [0.05, 0.1, 0.2, 0.4]
        assert list(bench.store.rows) == [0, 1, 2]
        assert not bench.store.set_aside

    def test_a_commit_whose_outcome_is_unknown_is_not_repeated(self) -> None:
        failures = iter([True])

        def lost_answer(_batch: Batch[str]) -> None:
            if next(failures, False):
                raise StorageError("connection lost after commit")

        bench = Bench(values(3), store=MemoryStore(after=lost_answer))
        bench.run()
        assert list(bench.store.rows) == [0, 1, 2]
        assert bench.store.batches == [3]

    def test_stops_when_another_worker_has_taken_over(self) -> None:
        store = MemoryStore()

        def taken_over(_batch: Batch[str]) -> None:
            if len(store.batches) == 1:
                store.claim([PARTITION])

        store.before = taken_over
        bench = Bench(values(25), store=store, limits=SMALL)
        with pytest.raises(FencedError, match="another worker"):
            bench.run()
        assert len(store.rows) == 10

    def test_does_not_blame_a_record_for_lack_of_memory(self) -> None:
        def exhausted(_batch: Batch[str]) -> None:
            raise MemoryError

        bench = Bench(values(3), store=MemoryStore(before=exhausted))
        with pytest.raises(MemoryError):
            bench.run()
        assert not bench.store.set_aside


def test_what_others_took_does_not_make_the_batches_small() -> None:
    store = MemoryStore()
    bench = Bench(values(6_400), store=store, limits=EngineLimits(max_records=1_600))

    def others_first(_batch: Batch[str]) -> None:
        bench.clock.now_s += 5.0
        bench.waited_s += 4.9

    store.before = others_first
    bench.run()
    assert store.batches == [1_600] * 4
