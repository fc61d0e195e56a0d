"""The micro-batch loop: read by position, stage in one transaction, never lose or repeat.

It knows positions, limits and poison, and no geography. `except Exception` is allowed here: a
record that breaks its stage is set aside with the reason, and the rest goes on.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import MappingProxyType
from typing import Generic

import structlog

from processing.engine.batch import MAX_REASON, Batch, Decoded, MessageT, SetAside, Stretch
from processing.engine.errors import PoisonLimitError
from processing.engine.holding import Held, read
from processing.engine.limits import EngineLimits, Pace, PoisonGauge
from processing.engine.ports import Ports, Stop
from schemas.errors import InvalidMessageError, StorageError
from schemas.log import Record

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionProgress:
    """How far one partition has come since it is held."""

    position: int
    records: int
    set_aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a worker has come. Times are on its monotonic clock."""

    partitions: Mapping[str, PartitionProgress] = field(
        default_factory=lambda: MappingProxyType({})
    )
    batches: int = 0
    records: int = 0
    set_aside: int = 0
    failures_in_a_row: int = 0
    last_took_s: float = 0.0
    last_pass_at: float = 0.0
    last_error: str | None = None

    @property
    def position(self) -> int:
        """The next position to read of the only partition; of several, their sum."""
        return sum(one.position for one in self.partitions.values())


class Turn(Enum):
    """What a worker did when it had its turn."""

    MOVED = auto()
    IDLE = auto()
    # It has waited already.
    FAILED = auto()


class Worker(Generic[MessageT]):
    """Moves the partitions of a log that this process owns into the store. For one thread.

    What lies in all of them goes into one batch, so that its fixed costs are paid once and nothing
    urgent in one waits for another. Partitions come and go between two turns, never within one:
    what was begun is finished then, or nothing of it is stored.
    """

    def __init__(self, ports: Ports[MessageT], limits: EngineLimits) -> None:
        self._ports = ports
        self._limits = limits
        self._gauge = PoisonGauge(limits)
        self._pace = Pace(limits)
        self._held: dict[str, Held] = {}
        # After a failure nobody knows whether the positions moved.
        self._is_unsure = False
        self._progress = Progress(last_pass_at=ports.monotonic())

    @property
    def progress(self) -> Progress:
        """How far it has come; a frozen value, safe to read from any thread."""
        return self._progress

    def is_healthy(self, *, now: float, patience_s: float) -> bool:
        """Say whether the log answers and the worker passed lately.

        It passes when it stored something or found nothing to store.
        """
        is_late = now - self._progress.last_pass_at > patience_s
        return self._ports.log.last_error is None and not is_late

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set.

        Raises PoisonLimitError when too much cannot be processed, and FencedError when another
        worker has taken over what only one may have. Neither moved a position.
        """
        while not stop.is_set():
            turn = self.turn(stop)
            self._ports.log.stored(
                {name: one.position for name, one in self._progress.partitions.items()}
            )
            if turn is Turn.IDLE:
                self._ports.rest()
                self._ports.log.fetch(self._limits.idle_s)
            else:
                self._ports.log.fetch(0.0)

    def turn(self, stop: Stop) -> Turn:
        """Store one batch if there is one; after a failure back off. Raises what `run` does."""
        try:
            lost = self._hold()
            took_s = None if lost else self._advance()
        except StorageError as error:
            self._is_unsure = True
            self._back_off(error, stop)
            return Turn.FAILED
        for name in lost:
            log.warning("partition taken over", partition=name)
            self._ports.log.lost(name)
        self._pass(took_s)
        return Turn.IDLE if took_s is None else Turn.MOVED

    def _hold(self) -> list[str]:
        """Let go of what is no longer owned, and take over what is.

        Returns what somebody else has taken over; then nothing more was done.
        """
        owned = self._ports.log.owned()
        for name in [n for n, one in self._held.items() if owned.get(n) is not one.source]:
            log.info("partition given up", partition=name)
            del self._held[name]
        lost = self._look_up() if self._is_unsure else []
        new = sorted(owned.keys() - self._held.keys())
        if new and not lost:
            for name, claim in self._ports.positions.claim(new).items():
                log.info("partition taken up", partition=name, position=claim.position)
                self._held[name] = Held(owned[name], claim)
        return lost

    def _look_up(self) -> list[str]:
        """See where the partitions stand after a failure whose outcome may be unknown."""
        stands = self._ports.positions.load(list(self._held))
        lost = [name for name, one in self._held.items() if one.claim.epoch != stands[name].epoch]
        for name in lost:
            del self._held[name]
        for name, one in self._held.items():
            one.claim = stands[name]
        self._is_unsure = False
        return lost

    def _advance(self) -> float | None:
        """Read and store one batch; return how long it took, None if there was nothing."""
        self._expedite()
        began, waited_s = self._ports.monotonic(), self._ports.waited_s()
        records = read(
            self._held, records=self._pace.size(now=began), max_bytes=self._limits.max_bytes
        )
        if not records:
            return None
        self._apply(self._batch(records))
        took_s = self._ports.monotonic() - began
        waited_s = self._ports.waited_s() - waited_s
        self._pace.note(sum(map(len, records.values())), took_s=took_s - waited_s)
        return took_s

    def _expedite(self) -> None:
        """Store what is urgent in any partition before all that waits; the positions stay."""
        for one in self._held.values():
            one.look(self._limits, self._ports.is_urgent)
        urgent = {name: one.urgent for name, one in self._held.items() if one.urgent}
        count = sum(map(len, urgent.values()))
        waiting = sum([one.waiting for one in self._held.values()])
        # Of few records, or where most are urgent, none is before the others.
        if not urgent or 2 * count > waiting or waiting < self._limits.urgent_from:
            return
        self._pace.hurry(now=self._ports.monotonic())
        try:
            self._ports.stage(self._batch(urgent).ahead())
        except (StorageError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - found out with the whole batch
            log.warning("urgent records wait for their batch", at=_place(error))
        for name in urgent:
            self._held[name].urgent = []

    def _batch(self, read: Mapping[str, Sequence[Record]]) -> Batch[MessageT]:
        good: list[Decoded[MessageT]] = []
        bad: list[SetAside[MessageT]] = []
        for _, records in sorted(read.items()):
            for record in records:
                try:
                    good.append(Decoded(record, self._ports.decode(record)))
                except InvalidMessageError as error:
                    bad.append(SetAside(record, f"undecodable: {error}"[:MAX_REASON]))
                except (StorageError, MemoryError):
                    raise
                except Exception as error:  # noqa: BLE001 - one record must not stop the others
                    reason = f"{type(error).__name__}: {error}"
                    log.warning("record set aside", position=record.position, at=_place(error))
                    bad.append(SetAside(record, reason[:MAX_REASON]))
        return Batch(
            stretches=tuple(self._stretch(name, records) for name, records in sorted(read.items())),
            records=tuple(good),
            set_aside=tuple(bad),
        )

    def _stretch(self, name: str, records: Sequence[Record]) -> Stretch:
        claim = self._held[name].claim
        return Stretch(
            partition=name,
            epoch=claim.epoch,
            start=claim.position,
            end=records[-1].position + 1,
        )

    def _apply(self, batch: Batch[MessageT]) -> None:
        """Store a batch; when its stage breaks, find the record that breaks it and go on."""
        self._check_poison(batch)
        try:
            self._ports.stage(batch)
        except (StorageError, MemoryError):
            raise
        except Exception as error:
            if not batch.records:
                raise
            self._isolate(batch, error)
        else:
            self._count(batch)

    def _isolate(self, batch: Batch[MessageT], error: Exception) -> None:
        if len(batch.records) > 1:
            for half in batch.halves():
                self._apply(half)
            return
        reason = f"{type(error).__name__}: {error}"
        position = batch.records[0].record.position
        log.warning("record set aside", position=position, reason=reason, at=_place(error))
        self._apply(batch.refused(reason))

    def _check_poison(self, batch: Batch[MessageT]) -> None:
        bad = batch.is_bad()
        if not self._gauge.would_stop(bad):
            return
        before, counted = self._gauge.recent()
        raise PoisonLimitError(
            {one.partition: one.start for one in batch.stretches},
            bad=before + sum(bad),
            of_last=min(counted + len(bad), self._limits.poison_window),
        )

    def _count(self, batch: Batch[MessageT]) -> None:
        """Remember that a batch is stored."""
        self._gauge.note(batch.is_bad())
        for stretch in batch.stretches:
            held = self._held[stretch.partition]
            held.claim = replace(held.claim, position=stretch.end)
        for one in batch.records:
            self._held[one.record.partition].records += 1
        for bad in batch.set_aside:
            self._held[bad.record.partition].set_aside += 1
        self._progress = replace(
            self._progress,
            batches=self._progress.batches + 1,
            records=self._progress.records + len(batch.records),
            set_aside=self._progress.set_aside + len(batch.set_aside),
        )
        log.debug("batch stored", records=len(batch.records))

    def _pass(self, took_s: float | None) -> None:
        self._progress = replace(
            self._progress,
            partitions=MappingProxyType(
                {
                    name: PartitionProgress(
                        position=one.claim.position, records=one.records, set_aside=one.set_aside
                    )
                    for name, one in self._held.items()
                }
            ),
            failures_in_a_row=0,
            last_took_s=took_s or 0.0,
            last_pass_at=self._ports.monotonic(),
            last_error=None,
        )

    def _back_off(self, error: StorageError, stop: Stop) -> None:
        failures = self._progress.failures_in_a_row + 1
        self._progress = replace(
            self._progress,
            failures_in_a_row=failures,
            last_error=f"{type(error).__name__}: {error}",
        )
        delay_s = self._limits.backoff_s(failures)
        log.warning(
            "store failed, backing off", failures=failures, delay_s=delay_s, error=str(error)
        )
        stop.wait(delay_s)


def _place(error: Exception) -> str:
    """Return where an error was raised. The whole traceback would log what the record holds."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
