"""The watch: what no report triggers, done by one of several that lead by a lease."""

from __future__ import annotations

from typing import Protocol

import structlog

from processing.watch.lease import Candidate, Standing
from processing.watch.relay import Relay
from schemas.clock import Monotonic
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

_EVERY_S = 1.0


class Stop(Protocol):
    """Tells the watch to end (`threading.Event` does)."""

    def is_set(self) -> bool:
        """Say whether to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end or the time-out; True if it is the end."""


class Watch:
    """Leads if nobody else does, and does then what the leader does. For one thread.

    `relay` is None where there is no Kafka to tell.
    """

    def __init__(
        self,
        candidate: Candidate,
        relay: Relay | None,
        *,
        monotonic: Monotonic,
        every_s: float = _EVERY_S,
    ) -> None:
        self._candidate = candidate
        self._relay = relay
        self._monotonic = monotonic
        self._every_s = every_s
        self._last_pass_at = monotonic()

    @property
    def is_leading(self) -> bool:
        """Say whether this one leads; safe to read from any thread."""
        return self._candidate.is_leading

    def is_healthy(self, *, now: float, patience_s: float) -> bool:
        """Say whether it looked at its lease lately."""
        return now - self._last_pass_at <= patience_s

    def run(self, stop: Stop) -> None:
        """Watch until `stop` is set; then another may lead at once."""
        try:
            while not stop.is_set():
                mine = self._candidate.look()
                self._last_pass_at = self._monotonic()
                if mine is None or not self._lead(mine):
                    stop.wait(self._every_s)
        finally:
            self._candidate.release()
            if self._relay is not None:
                self._relay.close()

    def _lead(self, mine: Standing) -> bool:
        """Do what is to be done; say whether there is more of it."""
        if self._relay is None:
            return False
        try:
            return self._relay.turn(mine.position, self._candidate.move)
        except StorageError as error:
            log.warning("conclusions are not told to Kafka now", reason=str(error))
            return False
