from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from processing.engine.batch import Batch
from processing.engine.crew import Crew
from processing.engine.errors import PoisonLimitError
from processing.engine.limits import EngineLimits
from processing.engine.loop import Ports, Worker
from schemas.errors import FencedError, StorageError
from schemas.log import Backlog
from tests.processing.building import MemoryLog
from tests.processing.engine.fakes import MemoryStore, Ticks, decode


class Named(MemoryLog):
    def __init__(self, partition: str, *values: bytes) -> None:
        super().__init__()
        self.partition = partition
        for value in values:
            self.append(value)


@dataclass
class Shared:
    """Partitions that come and go by a plan: which are owned after each fetch."""

    plan: list[dict[str, Named]]
    told: list[dict[str, int]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    last_error: str | None = None

    def owned(self) -> Mapping[str, Backlog]:
        return self.plan[0]

    def fetch(self, timeout_s: float) -> None:
        self.waited.append(timeout_s)
        self.plan.pop(0)

    def stored(self, positions: Mapping[str, int]) -> None:
        self.told.append(dict(positions))

    def is_set(self) -> bool:
        return not self.plan

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is None or timeout > 0
        return self.is_set()


ONE_BY_ONE = EngineLimits(max_records=1, poison_in_a_row=2)


def crew_of(
    shared: Shared,
    store: MemoryStore,
    clock: Ticks | None = None,
    limits: EngineLimits = ONE_BY_ONE,
) -> Crew[str]:
    clock = clock or Ticks()

    def worker_of(source: Backlog) -> Worker[str]:
        ports = Ports(
            source=source,
            stage=store.stage,
            positions=store,
            decode=lambda record: decode(record.value),
            monotonic=clock,
            is_urgent=lambda record: record.value == b"urgent",
        )
        return Worker(ports, limits)

    return Crew(shared, worker_of, monotonic=clock)


def test_each_partition_has_its_turn_and_those_that_go_are_let_go() -> None:
    a, b = Named("a", b"1", b"2", b"3"), Named("b", b"4")
    b.records = [one._replace(position=10) for one in b.records]
    both = {"a": a, "b": b}
    shared = Shared([both, both, {"a": a}, {"a": a}, {"a": a}])
    store = MemoryStore()
    crew = crew_of(shared, store)
    crew.run(shared)
    assert store.rows == {0: "1", 1: "2", 2: "3", 10: "4"}
    assert crew.progress.keys() == {"a"}
    assert shared.told[:2] == [{"a": 1, "b": 0}, {"a": 1, "b": 11}]
    assert shared.waited == [0.0, 0.0, 0.0, 0.0, 0.2], "it waits only when nobody moved"
    assert crew.is_healthy(now=3.0, patience_s=5.0)
    assert not crew.is_healthy(now=9.0, patience_s=5.0)
    shared.last_error = "no broker"
    assert not crew.is_healthy(now=3.0, patience_s=5.0)


def test_what_is_urgent_in_one_partition_goes_before_what_waits_in_the_others() -> None:
    a, b = Named("a", *[b"calm"] * 6), Named("b", b"calm", b"calm")
    shared = Shared([{"a": a, "b": b}] * 10)
    store = MemoryStore()
    limits = EngineLimits(max_records=2, urgent_from=5)
    seen: list[tuple[str, int]] = []

    def come(batch: Batch[str]) -> None:
        seen.append((batch.partition, len(batch.records)))
        store.rows.clear()
        if len(seen) == 2:
            b.append(b"urgent")

    store.after = come
    crew_of(shared, store, limits=limits).run(shared)
    assert seen == [("a", 2), ("b", 2), ("b", 1), ("a", 2), ("b", 1), ("a", 2)]


def test_a_partition_that_was_given_up_and_came_back_is_claimed_anew() -> None:
    first, second = Named("a", b"1", b"2"), Named("a", b"1", b"2")
    shared = Shared([{"a": first}, {"a": second}])
    store = MemoryStore()
    crew_of(shared, store).run(shared)
    assert store.claims["a"].epoch == 2
    assert store.rows == {0: "1", 1: "2"}


def test_one_that_lost_its_partition_leaves_it_to_the_other_for_a_while() -> None:
    log = Named("a", b"1", b"2", b"3")
    shared = Shared([{"a": log}] * 4)
    clock = Ticks()
    store = MemoryStore()
    crew = crew_of(shared, store, clock)

    def take_over(_batch: object) -> None:
        if len(store.batches) == 1 and store.claims["a"].epoch == 1:
            store.claim("a")

    store.before = take_over
    crew.run(shared)
    assert store.rows == {0: "1"}, "what the fenced one began is not stored"
    assert crew.progress.keys() == set()
    clock.now_s = 6.0
    shared.plan = [{"a": log}] * 3
    crew.run(shared)
    assert store.rows == {0: "1", 1: "2", 2: "3"}
    assert store.claims["a"].epoch == 3


def test_a_store_that_fails_holds_nothing_up_for_ever() -> None:
    log = Named("a", b"1")
    shared = Shared([{"a": log}] * 3)
    store = MemoryStore()
    failures = [StorageError("away"), FencedError("away too")]

    def fail(_batch: object) -> None:
        if failures:
            raise failures.pop(0)

    store.before = fail
    crew_of(shared, store).run(shared)
    assert store.rows == {0: "1"}


def test_while_the_store_is_away_one_partition_a_round_waits_for_it() -> None:
    logs = {name: Named(name, b"1") for name in ("a", "b", "c")}
    shared = Shared([dict(logs)] * 3)
    store = MemoryStore()
    asked: list[str] = []

    def fail(batch: Batch[str]) -> None:
        asked.append(batch.partition)
        raise StorageError("away")

    store.before = fail
    crew_of(shared, store).run(shared)
    assert asked == ["a", "b", "c"]


def test_too_much_poison_stops_the_crew() -> None:
    log = Named("a", b"?1", b"?2", b"?3")
    shared = Shared([{"a": log}] * 5)
    with pytest.raises(PoisonLimitError):
        crew_of(shared, MemoryStore()).run(shared)
