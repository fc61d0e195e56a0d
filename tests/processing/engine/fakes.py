"""A store in memory that keeps the promises of a real one, and fails on demand."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from processing.engine.batch import Batch, Claim
from processing.engine.limits import EngineLimits
from processing.engine.loop import Worker
from processing.engine.ports import Ports, SoleLog
from schemas.errors import FencedError, InvalidMessageError
from tests.processing.building import PARTITION, MemoryLog

POISON = b"poison"


def decode(value: bytes) -> str:
    """Text, unless it begins with "?" or breaks whoever reads it."""
    if value.startswith(b"?"):
        raise InvalidMessageError("not a message")
    if value.startswith(b"!"):
        raise KeyError("unforeseen")
    return value.decode()


@dataclass
class Ticks:
    """A monotonic clock that is moved by hand."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class EndOfLog:
    """Stops a worker once it has waited for more, or after so many looks."""

    log: MemoryLog
    looks: int = 10_000
    waited: list[float] = field(default_factory=list)

    def is_set(self) -> bool:
        self.looks -= 1
        return self.log.waits > 0 or self.looks < 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return False


@dataclass
class MemoryStore:
    """Rows and positions that change together or not at all."""

    before: Callable[[Batch[str]], None] = lambda _batch: None
    after: Callable[[Batch[str]], None] = lambda _batch: None
    rows: dict[int, str] = field(default_factory=dict)
    set_aside: dict[int, str] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    # Stored without a move of the position: comes again, and is dropped then.
    early: set[int] = field(default_factory=set)

    def claim(self, partitions: Collection[str]) -> dict[str, Claim]:
        for name, old in self.load(partitions).items():
            self.claims[name] = replace(old, epoch=old.epoch + 1)
        return self.load(partitions)

    def load(self, partitions: Collection[str]) -> dict[str, Claim]:
        return {name: self.claims.get(name, Claim(position=0, epoch=0)) for name in partitions}

    def stage(self, batch: Batch[str]) -> None:
        self.before(batch)
        for one in batch.stretches:
            if self.claims[one.partition] != Claim(position=one.start, epoch=one.epoch):
                raise FencedError("moved")
        if any(message.encode() == POISON for _, message in batch.records):
            msg = "cannot be staged"
            raise ValueError(msg)
        for record, message in batch.records:
            assert record.position not in self.rows.keys() - self.early
            self.rows[record.position] = message
        for bad in batch.set_aside:
            assert bad.record.position not in self.set_aside
            self.set_aside[bad.record.position] = bad.reason
        if all(one.start == one.end for one in batch.stretches):
            self.early |= {record.position for record, _ in batch.records}
        for one in batch.stretches:
            self.claims[one.partition] = Claim(position=one.end, epoch=one.epoch)
        self.batches.append(len(batch.records) + len(batch.set_aside))
        self.after(batch)


@dataclass
class Bench:
    """A worker with everything around it."""

    values: list[bytes]
    store: MemoryStore = field(default_factory=MemoryStore)
    limits: EngineLimits = field(default_factory=EngineLimits)
    clock: Ticks = field(default_factory=Ticks)
    log: MemoryLog = field(default_factory=MemoryLog)
    is_urgent: Callable[[str], bool] = lambda _message: False
    waited_s: float = 0.0

    def __post_init__(self) -> None:
        for value in self.values:
            self.log.append(value)
        self.stop = EndOfLog(self.log)
        ports = Ports(
            log=SoleLog(self.log),
            stage=self.store.stage,
            positions=self.store,
            decode=lambda record: decode(record.value),
            monotonic=self.clock,
            is_urgent=lambda record: self.is_urgent(record.value.decode()),
            waited_s=lambda: self.waited_s,
        )
        self.worker: Worker[str] = Worker(ports, self.limits)

    def run(self) -> None:
        self.worker.run(self.stop)

    @property
    def position(self) -> int:
        return self.store.load([PARTITION])[PARTITION].position
