from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.engine.batch import Batch, Claim
from processing.engine.errors import PoisonLimitError
from processing.engine.limits import EngineLimits
from processing.engine.loop import Worker
from processing.engine.ports import Ports
from schemas.errors import FencedError, StorageError
from schemas.log import Backlog
from tests.processing.building import MemoryLog
from tests.processing.engine.fakes import POISON, MemoryStore, Ticks, decode


class Named(MemoryLog):
    """A partition whose positions are not those of another."""

    def __init__(self, partition: str, *values: bytes, start: int = 0) -> None:
        super().__init__(start=start)
        self.partition = partition
        for value in values:
            self.append(value)


@dataclass
class Shared:
    """Partitions that come and go by a plan: which are owned after each fetch."""

    plan: list[dict[str, Named]]
    told: list[dict[str, int]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    let_go: list[str] = field(default_factory=list)
    last_error: str | None = None

    def owned(self) -> Mapping[str, Backlog]:
        return {name: one for name, one in self.plan[0].items() if name not in self.let_go}

    def fetch(self, timeout_s: float) -> None:
        self.waited.append(timeout_s)
        self.plan.pop(0)

    def stored(self, positions: Mapping[str, int]) -> None:
        self.told.append(dict(positions))

    def lost(self, partition: str) -> None:
        self.let_go.append(partition)

    def is_set(self) -> bool:
        return not self.plan

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is None or timeout > 0
        return self.is_set()


LENIENT = EngineLimits(poison_in_a_row=10**6, poison_share=1.0)


def worker_of(
    shared: Shared,
    store: MemoryStore,
    clock: Ticks | None = None,
    limits: EngineLimits = LENIENT,
) -> Worker[str]:
    ports = Ports(
        log=shared,
        stage=store.stage,
        positions=store,
        decode=lambda record: decode(record.value),
        monotonic=clock or Ticks(),
        is_urgent=lambda record: record.value == b"urgent",
    )
    return Worker(ports, limits)


def parts_of(batch: Batch[str]) -> dict[str, int]:
    return {
        one.partition: sum(r.partition == one.partition for r, _ in batch.records)
        for one in batch.stretches
    }


def test_what_lies_in_all_partitions_is_one_batch_and_those_that_go_are_let_go() -> None:
    a, b = Named("a", b"1", b"2", b"3"), Named("b", b"4", start=10)
    store = MemoryStore(claims={"b": Claim(position=10, epoch=0)})
    shared = Shared([{"a": a, "b": b}, {"a": a}, {"a": a}])
    seen: list[dict[str, int]] = []
    store.after = lambda batch: seen.append(parts_of(batch))
    worker = worker_of(shared, store)
    worker.run(shared)
    assert store.rows == {0: "1", 1: "2", 2: "3", 10: "4"}
    assert seen == [{"a": 3, "b": 1}]
    assert worker.progress.partitions.keys() == {"a"}
    assert shared.told[:2] == [{"a": 3, "b": 11}, {"a": 3}]
    assert shared.waited == [0.0, 1.0, 1.0], "it waits only when nothing moved"


def test_it_is_healthy_while_the_log_answers_and_it_passes() -> None:
    shared = Shared([{}, {}])
    worker = worker_of(shared, MemoryStore())
    worker.run(shared)
    assert worker.is_healthy(now=3.0, patience_s=5.0)
    assert not worker.is_healthy(now=9.0, patience_s=5.0)
    shared.last_error = "no broker"
    assert not worker.is_healthy(now=3.0, patience_s=5.0)


def test_what_is_urgent_in_one_partition_goes_before_what_waits_in_the_others() -> None:
    a, b = Named("a", *[b"calm"] * 6), Named("b", b"calm", b"calm", start=10)
    shared = Shared([{"a": a, "b": b}] * 10)
    store = MemoryStore(claims={"b": Claim(position=10, epoch=0)})
    seen: list[dict[str, int]] = []

    def come(batch: Batch[str]) -> None:
        seen.append(parts_of(batch))
        if len(seen) == 1:
            b.append(b"urgent")

    store.after = come
    worker_of(shared, store, limits=EngineLimits(max_records=2, urgent_from=5)).run(shared)
    assert seen[:3] == [{"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 1}]
    assert sum(sum(one.values()) for one in seen) == 6 + 3 + 1


def test_a_partition_that_was_given_up_and_came_back_is_claimed_anew() -> None:
    first, second = Named("a", b"1", b"2"), Named("a", b"1", b"2")
    shared = Shared([{"a": first}, {"a": second}])
    store = MemoryStore()
    worker_of(shared, store, limits=EngineLimits(max_records=1)).run(shared)
    assert store.claims["a"].epoch == 2
    assert store.rows == {0: "1", 1: "2"}


def test_one_that_lost_a_partition_leaves_it_and_goes_on_with_the_others() -> None:
    a, b = Named("a", b"1", b"2", b"3"), Named("b", *[b"x"] * 9, start=20)
    shared = Shared([{"a": a, "b": b}] * 6)
    store = MemoryStore(claims={"b": Claim(position=20, epoch=0)})
    worker = worker_of(shared, store, limits=EngineLimits(max_records=2))

    def take_over(_batch: object) -> None:
        if len(store.batches) == 1 and store.claims["a"].epoch == 1:
            store.claim(["a"])

    store.before = take_over
    worker.run(shared)
    assert shared.let_go == ["a"]
    assert sorted(store.rows) == [0, *range(20, 27)], "what the fenced one began is not stored"
    assert worker.progress.partitions.keys() == {"b"}
    assert worker.progress.failures_in_a_row == 0


def test_a_store_that_fails_holds_nothing_up_for_ever() -> None:
    log = Named("a", b"1")
    shared = Shared([{"a": log}] * 3)
    store = MemoryStore()
    failures = [StorageError("away"), FencedError("away too")]

    def fail(_batch: object) -> None:
        if failures:
            raise failures.pop(0)

    store.before = fail
    worker_of(shared, store).run(shared)
    assert store.rows == {0: "1"}
    assert shared.let_go == []


def test_while_the_store_is_away_the_log_is_still_asked_for_what_comes_and_goes() -> None:
    shared = Shared([{name: Named(name, b"1") for name in ("a", "b", "c")}] * 3)
    store = MemoryStore()
    asked: list[dict[str, int]] = []

    def fail(batch: Batch[str]) -> None:
        asked.append(parts_of(batch))
        raise StorageError("away")

    store.before = fail
    worker = worker_of(shared, store)
    worker.run(shared)
    assert asked == [{"a": 1, "b": 1, "c": 1}] * 3
    assert shared.waited == [0.0] * 3
    assert worker.progress.failures_in_a_row == 3


def test_too_much_poison_stops_the_worker_and_says_where() -> None:
    log = Named("a", b"?1", b"?2", b"?3")
    shared = Shared([{"a": log}] * 5)
    worker = worker_of(shared, MemoryStore(), limits=EngineLimits(poison_in_a_row=2))
    with pytest.raises(PoisonLimitError, match="a at 0") as caught:
        worker.run(shared)
    assert caught.value.starts == {"a": 0}


@given(kinds=st.lists(st.text(alphabet="gup", max_size=20), min_size=1, max_size=4))
def test_of_all_partitions_the_good_is_stored_and_the_bad_is_kept(kinds: list[str]) -> None:
    bytes_of = {"g": b"good", "u": b"?undecodable", "p": POISON}
    logs: dict[str, Named] = {}
    store = MemoryStore()
    for number, letters in enumerate(kinds):
        name = f"p{number}"
        # So that positions are unique in the rows of the store.
        logs[name] = Named(name, *[bytes_of[x] for x in letters], start=100 * number)
        store.claims[name] = Claim(position=100 * number, epoch=0)
    shared = Shared([logs] * 40)
    worker = worker_of(
        shared, store, limits=EngineLimits(max_records=7, poison_in_a_row=10**6, poison_share=1.0)
    )
    worker.run(shared)
    letters_at = {100 * n + i: x for n, text in enumerate(kinds) for i, x in enumerate(text)}
    assert sorted(store.rows) == [at for at, x in letters_at.items() if x == "g"]
    assert sorted(store.set_aside) == [at for at, x in letters_at.items() if x != "g"]
    for number, letters in enumerate(kinds):
        found = worker.progress.partitions[f"p{number}"]
        assert found.position == 100 * number + len(letters)
        assert (found.records, found.set_aside) == (
            letters.count("g"),
            len(letters) - letters.count("g"),
        )
