"""The micro-batch loop: read by position, stage in one transaction, never lose or repeat.

It knows positions, limits and poison, and no geography. `except Exception` is allowed here: a
record that breaks its stage is set aside with the reason, and the rest goes on.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Generic, Protocol

import structlog

from processing.engine.batch import MAX_REASON, Batch, Claim, Decoded, MessageT, SetAside
from processing.engine.errors import PoisonLimitError
from processing.engine.limits import EngineLimits, Pace, PoisonGauge
from schemas.clock import Monotonic
from schemas.errors import FencedError, InvalidMessageError, StorageError
from schemas.log import Backlog, Record

log = structlog.get_logger()

# Turns a record into its message, or raises InvalidMessageError.
Decode = Callable[[Record], MessageT]
# Stores a batch whole or not at all, with its position.
Stage = Callable[[Batch[MessageT]], None]


class Positions(Protocol):
    """Where the partitions stand, kept beside what was stored."""

    def claim(self, partition: str) -> Claim:
        """Take a partition over: every earlier owner is fenced off from now on."""

    def load(self, partition: str) -> Claim:
        """Return where a partition stands, without taking it over."""


class Stop(Protocol):
    """Tells the loop to end (`threading.Event` does)."""

    def is_set(self) -> bool:
        """Say whether to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end or the time-out; True if it is the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a worker has come. Times are on its monotonic clock."""

    partition: str
    position: int = 0
    batches: int = 0
    records: int = 0
    set_aside: int = 0
    failures_in_a_row: int = 0
    last_took_s: float = 0.0
    last_pass_at: float = 0.0
    last_error: str | None = None

    def is_healthy(self, *, now: float, patience_s: float) -> bool:
        """Say whether the worker passed lately: it stored something or found nothing to store."""
        return now - self.last_pass_at <= patience_s


class Turn(Enum):
    """What a worker did when it had its turn."""

    MOVED = auto()
    IDLE = auto()
    # It has waited already.
    FAILED = auto()


def _never(_record: Record) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports(Generic[MessageT]):
    """What a worker is joined to.

    What `is_urgent` is staged before all that lies before it, and then once more with its batch: a
    stage drops what it has stored already.
    """

    source: Backlog
    stage: Stage[MessageT]
    positions: Positions
    decode: Decode[MessageT]
    monotonic: Monotonic
    is_urgent: Callable[[Record], bool] = _never


class Worker(Generic[MessageT]):
    """Moves one partition of a log into the store.

    Workers that take turns on one thread share their `pace`.
    """

    def __init__(
        self, ports: Ports[MessageT], limits: EngineLimits, pace: Pace | None = None
    ) -> None:
        self._ports = ports
        self._limits = limits
        self._gauge = PoisonGauge(limits)
        self._pace = pace or Pace(limits)
        # Up to where it was looked for urgent records, and which were found and not yet stored.
        self._looked_to = 0
        self._urgent: list[Record] = []
        self._progress = Progress(partition=ports.source.partition)
        self._claim: Claim | None = None

    @property
    def progress(self) -> Progress:
        """How far it has come; a frozen value, safe to read from any thread."""
        return self._progress

    def is_healthy(self, *, now: float, patience_s: float) -> bool:
        """Say whether it passed lately: it stored something or found nothing to store."""
        return self._progress.is_healthy(now=now, patience_s=patience_s)

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set.

        Raises FencedError when another worker has taken the partition over, and
        PoisonLimitError when too much cannot be processed. Neither moved the position.
        """
        while not stop.is_set():
            if self.turn(stop) is Turn.IDLE:
                self._ports.source.wait(self._limits.idle_s)

    def turn(self, stop: Stop) -> Turn:
        """Store one batch if there is one; after a failure back off. Raises what `run` does."""
        try:
            claim = self._claim or self._take_over()
            done = self._advance(claim)
        except StorageError as error:
            self._back_off(error, stop)
            self._claim = self._claim and self._reload(self._claim, stop)
            return Turn.FAILED
        self._claim = done
        return Turn.IDLE if done.position == claim.position else Turn.MOVED

    def look(self) -> int:
        """Look through what waits for what is urgent; return how many records wait.

        Raises StorageError.
        """
        if self._claim is None:
            return 0
        position = self._claim.position
        found = self._ports.source.peek(
            max(self._looked_to, position),
            max_records=self._limits.peek_records,
            max_bytes=self._limits.max_bytes,
        )
        self._urgent = [one for one in self._urgent if one.position >= position]
        self._urgent += [one for one in found if self._ports.is_urgent(one)]
        self._looked_to = found[-1].position + 1 if found else max(self._looked_to, position)
        return self._looked_to - position

    def expedite(self, *, waiting: int) -> None:
        """Store what is urgent if more records wait; the position stays. Raises what `run` does."""
        urgent, self._urgent = self._urgent, []
        # Of few records, or where most are urgent, none is before the others.
        too_many = 2 * len(urgent) > waiting or waiting < self._limits.urgent_from
        if self._claim is None or not urgent or too_many:
            return
        self._pace.hurry(now=self._ports.monotonic())
        try:
            self._ports.stage(self._batch(self._claim, urgent).ahead())
        except StorageError:
            self._urgent = urgent
            raise
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - found out with the whole batch
            log.warning("urgent records wait for their batch", at=_place(error))

    def _take_over(self) -> Claim:
        claim = self._ports.positions.claim(self._ports.source.partition)
        self._note(position=claim.position)
        self._claim = claim
        return claim

    def _advance(self, claim: Claim) -> Claim:
        """Read and store one batch; the claim is unchanged when there was nothing."""
        self.expedite(waiting=self.look())
        began = self._ports.monotonic()
        records = self._ports.source.read(
            claim.position,
            max_records=self._pace.size(now=began),
            max_bytes=self._limits.max_bytes,
        )
        if not records:
            self._note(position=claim.position)
            return claim
        self._apply(self._batch(claim, records))
        took_s = self._ports.monotonic() - began
        self._pace.note(len(records), took_s=took_s)
        self._note(position=records[-1].position + 1, took_s=took_s)
        return replace(claim, position=records[-1].position + 1)

    def _batch(self, claim: Claim, records: Sequence[Record]) -> Batch[MessageT]:
        good: list[Decoded[MessageT]] = []
        bad: list[SetAside[MessageT]] = []
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
            partition=self._ports.source.partition,
            epoch=claim.epoch,
            start=claim.position,
            end=records[-1].position + 1,
            records=tuple(good),
            set_aside=tuple(bad),
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
            batch.partition,
            position=batch.start,
            bad=before + sum(bad),
            of_last=min(counted + len(bad), self._limits.poison_window),
        )

    def _count(self, batch: Batch[MessageT]) -> None:
        self._gauge.note(batch.is_bad())
        self._progress = replace(
            self._progress,
            position=batch.end,
            batches=self._progress.batches + 1,
            records=self._progress.records + len(batch.records),
            set_aside=self._progress.set_aside + len(batch.set_aside),
        )
        log.debug("batch stored", records=len(batch.records), position=batch.end)

    def _reload(self, claim: Claim, stop: Stop) -> Claim | None:
        """Return where the partition stands after a failure whose outcome may be unknown."""
        while not stop.is_set():
            try:
                now = self._ports.positions.load(self._ports.source.partition)
            except StorageError as error:
                self._back_off(error, stop)
                continue
            if now.epoch != claim.epoch:
                log.warning("partition taken over", partition=self._ports.source.partition)
                raise FencedError(f"{self._ports.source.partition} belongs to another worker now")
            return now
        return None

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

    def _note(self, *, position: int, took_s: float = 0.0) -> None:
        self._progress = replace(
            self._progress,
            position=position,
            failures_in_a_row=0,
            last_took_s=took_s,
            last_pass_at=self._ports.monotonic(),
            last_error=None,
        )


def _place(error: Exception) -> str:
    """Return where an error was raised. The whole traceback would log what the record holds."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
