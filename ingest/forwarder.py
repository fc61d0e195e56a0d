"""The forwarder: from the spool to the topic, each record until the broker has acknowledged it.

A record leaves the spool only when its own sending has succeeded: that the client flushed, or that
it has nothing left to do, says nothing. A client that makes no progress, or that failed, is given
up and a new one begins at the first record that is not acknowledged: a record may be sent twice,
or after one that came later, and none is lost.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import structlog

from ingest.forward_file import ForwardFile
from ingest.publisher import Connect, Publisher, Sending
from schemas.clock import Monotonic
from schemas.errors import StorageError
from schemas.log import Record, Source

log = structlog.get_logger(__name__)


class Stop(Protocol):
    """Tells the forwarder to end (`threading.Event` does)."""

    def is_set(self) -> bool:
        """Say whether to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end or the time-out; True if it is the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardLimits:
    """How much may be on its way, and when a connection is given up.

    `stalled_after_s` is longer than the client itself tries: then it is stuck, not slow.
    """

    max_pending: int = 5_000
    max_pending_bytes: int = 16_000_000
    read_records: int = 500
    read_bytes: int = 4_000_000
    stalled_after_s: float = 35.0
    first_backoff_s: float = 0.1
    max_backoff_s: float = 5.0
    retry_refused_s: float = 60.0
    remember_s: float = 0.2
    idle_s: float = 0.5
    busy_s: float = 0.002
    stop_within_s: float = 5.0

    def backoff_s(self, failures: int) -> float:
        """Return how long to wait after a number of failures in a row (1 or more)."""
        return min(self.max_backoff_s, self.first_backoff_s * 2.0 ** min(failures - 1, 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardProgress:
    """How far a forwarder has come; `unsent_since` is on its monotonic clock, None if all is sent.

    `position` is the first that is not acknowledged; `refused` are positions before it that the
    broker will not have.
    """

    position: int = 0
    sent: int = 0
    refused: tuple[int, ...] = ()
    connections: int = 0
    failures_in_a_row: int = 0
    unsent_since: float | None = None
    last_error: str | None = None

    @property
    def done_before(self) -> int:
        """The position before which the broker has everything."""
        return min(self.position, *self.refused) if self.refused else self.position


class _Sent(NamedTuple):
    position: int
    size: int
    sending: Sending
    at: float


class Forwarder:
    """Moves one node's spool to the topic of reports. Its methods are for one thread."""

    def __init__(
        self,
        source: Source,
        file: ForwardFile,
        connect: Connect,
        *,
        monotonic: Monotonic,
        limits: ForwardLimits | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._file = file
        self._connect = connect
        self._monotonic = monotonic
        self._pause = pause
        self._limits = limits or ForwardLimits()
        self._publisher: Publisher | None = None
        self._pending: deque[_Sent] = deque()
        self._pending_bytes = 0
        self._next = 0
        self._remembered = 0
        self._remembered_at = monotonic()
        self._retry_at = monotonic()
        self._progress = ForwardProgress()

    @property
    def progress(self) -> ForwardProgress:
        """How far it has come; a frozen value, safe to read from any thread."""
        return self._progress

    def run(self, stop: Stop) -> None:
        """Forward until `stop` is set; then wait a little for what is on its way."""
        while not self._begin(stop) and not stop.is_set():
            pass
        while not stop.is_set():
            try:
                self._turn(stop)
            except StorageError as error:
                self._give_up(error)
                stop.wait(self._limits.backoff_s(self._progress.failures_in_a_row))
        self._end()

    def _begin(self, stop: Stop) -> bool:
        try:
            position, refused = self._file.position(), self._refused()
        except StorageError as error:
            self._give_up(error)
            stop.wait(self._limits.backoff_s(self._progress.failures_in_a_row))
            return False
        self._next = self._remembered = position
        self._progress = replace(self._progress, position=position, refused=refused)
        return True

    def _turn(self, stop: Stop) -> None:
        """Do what can be done now: connect, learn what was acknowledged, send more."""
        publisher = self._publisher or self._connected()
        acknowledged = self._reap(publisher)
        self._look_for_a_stall()
        sent = self._fill(publisher)
        self._remember()
        if self._progress.refused and self._monotonic() >= self._retry_at:
            self._retry_refused(publisher, stop)
        if acknowledged or sent:
            return
        if self._pending:
            stop.wait(self._limits.busy_s)
        else:
            self._source.wait(self._limits.idle_s)

    def _connected(self) -> Publisher:
        # Known before the broker is: somebody may be waiting for it.
        if self._source.read(self._next, max_records=1, max_bytes=1):
            self._wait_since(self._monotonic())
        self._publisher = self._connect()
        count = self._progress.connections + 1
        self._progress = replace(self._progress, connections=count)
        log.info("forwarding", position=self._next, connections=count)
        return self._publisher

    def _reap(self, publisher: Publisher) -> bool:
        """Let go what was acknowledged, in order. Raises StorageError for what failed."""
        position = self._progress.position
        while self._pending and self._pending[0].sending.is_done:
            one = self._pending[0]
            error = one.sending.error
            if error is not None and not publisher.is_refusal(error):
                raise StorageError(f"a record was not sent: {_told(error)}") from error
            if error is not None:
                self._refuse(one.position, error)
            self._pending.popleft()
            self._pending_bytes -= one.size
            self._note_acknowledged(one.position + 1)
        return self._progress.position > position

    def _note_acknowledged(self, position: int) -> None:
        self._progress = replace(
            self._progress,
            position=position,
            sent=self._progress.sent + 1,
            failures_in_a_row=0,
            last_error=None,
            unsent_since=self._pending[0].at if self._pending else None,
        )

    def _look_for_a_stall(self) -> None:
        waited_s = self._monotonic() - self._pending[0].at if self._pending else 0.0
        if waited_s > self._limits.stalled_after_s:
            raise StorageError(f"nothing was acknowledged for {waited_s:.0f} s")

    def _fill(self, publisher: Publisher) -> int:
        """Send what may be on its way at once; return how many records that were."""
        room = self._limits.max_pending - len(self._pending)
        room_bytes = self._limits.max_pending_bytes - self._pending_bytes
        if room <= 0 or room_bytes <= 0:
            return 0
        records = self._source.read(
            self._next,
            max_records=min(room, self._limits.read_records),
            max_bytes=min(room_bytes, self._limits.read_bytes),
        )
        for record in records:
            now = self._monotonic()
            self._wait_since(now)
            sending = publisher.send(record)
            self._pending.append(_Sent(record.position, len(record.value), sending, now))
            self._pending_bytes += len(record.value)
            self._next = record.position + 1
        return len(records)

    def _wait_since(self, now: float) -> None:
        if self._progress.unsent_since is None:
            self._progress = replace(self._progress, unsent_since=now)

    def _remember(self) -> None:
        """Write down how far it is, at most some times a second: twice sent is not lost."""
        position, now = self._progress.position, self._monotonic()
        is_due = not self._pending or now - self._remembered_at >= self._limits.remember_s
        if position != self._remembered and is_due:
            self._file.move(position)
            self._remembered, self._remembered_at = position, now

    def _refuse(self, position: int, error: Exception) -> None:
        """Keep a record that the broker will not have, so that the others go on."""
        log.error("the broker refused a record", position=position, reason=_told(error))
        self._file.refuse(position, _told(error))
        self._retry_at = self._monotonic() + self._limits.retry_refused_s
        self._progress = replace(self._progress, refused=self._refused())

    def _retry_refused(self, publisher: Publisher, stop: Stop) -> None:
        """Offer what was refused again: a limit of the topic may have been mended."""
        self._retry_at = self._monotonic() + self._limits.retry_refused_s
        for position in self._progress.refused:
            for record in self._source.read(position, max_records=1, max_bytes=1):
                if self._is_taken(publisher, record, stop):
                    self._file.take(position)
                    log.info("the broker took a record that it had refused", position=position)
        self._progress = replace(self._progress, refused=self._refused())

    def _refused(self) -> tuple[int, ...]:
        return tuple(one.position for one in self._file.refused())

    def _is_taken(self, publisher: Publisher, record: Record, stop: Stop) -> bool:
        sending = publisher.send(record)
        until = self._monotonic() + self._limits.stalled_after_s
        while not sending.is_done and not stop.is_set() and self._monotonic() < until:
            stop.wait(self._limits.busy_s)
        if not sending.is_done:
            return False
        if sending.error is not None and not publisher.is_refusal(sending.error):
            raise StorageError(_told(sending.error)) from sending.error
        return sending.error is None

    def _give_up(self, error: StorageError) -> None:
        """Drop the connection and what was on its way; the next begins where this one stood."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publisher.close()
        self._pending.clear()
        self._pending_bytes = 0
        self._next = self._progress.position
        failures = self._progress.failures_in_a_row + 1
        self._progress = replace(
            self._progress, failures_in_a_row=failures, last_error=_told(error)
        )
        log.warning("forwarding interrupted", failures=failures, reason=_told(error))

    def _end(self) -> None:
        publisher = self._publisher
        if publisher is None:
            return
        until = self._monotonic() + self._limits.stop_within_s
        try:
            while self._pending and self._monotonic() < until:
                if not self._reap(publisher):
                    self._pause(self._limits.busy_s)
            self._file.move(self._progress.position)
        except StorageError as error:
            log.warning("stopped with records on their way", reason=_told(error))
        publisher.close()


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
