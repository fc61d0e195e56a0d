"""Workers for the partitions that one process owns, one after another on one thread.

Partitions come and go between two turns, never within one: what a worker began it has finished, or
stored nothing of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, Protocol

import structlog

from processing.engine.batch import MessageT
from processing.engine.loop import Progress, Stop, Turn, Worker
from schemas.clock import Monotonic
from schemas.errors import FencedError, StorageError
from schemas.log import Backlog

log = structlog.get_logger(__name__)

# A partition that another process took over is not taken back sooner: the group settles meanwhile,
# and of two that believe they own it each could commit only every so often.
_FENCED_S = 5.0


def _nothing() -> None:
    """Do nothing."""


class SharedLog(Protocol):
    """A log of several partitions, of which this process owns some for a while (port)."""

    @property
    def last_error(self) -> str | None:
        """What is wrong with the connection to it, None if nothing is."""

    def owned(self) -> Mapping[str, Backlog]:
        """Return the partitions that are owned and can be read now, by name."""

    def fetch(self, timeout_s: float) -> None:
        """Wait for something new, at most so long; here partitions come and go."""

    def stored(self, positions: Mapping[str, int]) -> None:
        """Hear where the partitions stand, for whoever watches the log. Never raises."""


class Crew(Generic[MessageT]):
    """One worker for each partition that is owned. For one thread."""

    def __init__(
        self,
        shared: SharedLog,
        worker_of: Callable[[Backlog], Worker[MessageT]],
        *,
        monotonic: Monotonic,
        idle_s: float = 0.2,
        rest: Callable[[], None] = _nothing,
    ) -> None:
        """Keep what is given. `rest` is called before each wait."""
        self._shared = shared
        self._worker_of = worker_of
        self._monotonic = monotonic
        self._idle_s = idle_s
        self._rest = rest
        self._workers: dict[str, Worker[MessageT]] = {}
        self._sources: dict[str, Backlog] = {}
        self._first = 0
        self._fenced_at: dict[str, float] = {}
        self._progress: Mapping[str, Progress] = MappingProxyType({})
        self._last_pass_at = monotonic()

    @property
    def progress(self) -> Mapping[str, Progress]:
        """How far each worker has come, by partition; safe to read from any thread."""
        return self._progress

    def is_healthy(self, *, now: float, patience_s: float) -> bool:
        """Say whether all had their turn lately, and the log answers."""
        return self._shared.last_error is None and now - self._last_pass_at <= patience_s

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Raises PoisonLimitError when too much cannot be processed."""
        while not stop.is_set():
            turns = self._turns(stop)
            self._progress = MappingProxyType({n: w.progress for n, w in self._workers.items()})
            self._shared.stored({name: one.position for name, one in self._progress.items()})
            self._last_pass_at = self._monotonic()
            if Turn.MOVED in turns:
                self._shared.fetch(0.0)
            else:
                self._rest()
                self._shared.fetch(self._idle_s)

    def _turns(self, stop: Stop) -> list[Turn]:
        """Let one after another have its turn, until one did something; the next is first then.

        What was stored took its time: there may be something urgent in the log by now. And after a
        failure of the store that they share, the others would wait for it one after another.
        """
        turns: list[Turn] = []
        names = self._present()
        self._expedite(names)
        first = self._first % max(1, len(names))
        for name in names[first:] + names[:first]:
            self._first += 1
            turns.append(self._turn(name, stop))
            if turns[-1] is not Turn.IDLE:
                break
        return turns

    def _expedite(self, names: Sequence[str]) -> None:
        """Store what is urgent in any partition before all that waits in the others."""
        try:
            waiting = sum([self._workers[name].look() for name in names])
        except StorageError:
            # Who has the next turn comes to it.
            return
        for name in names:
            try:
                self._workers[name].expedite(waiting=waiting)
            except FencedError:
                # Its own turn finds that out, too, and lets it go.
                continue
            except StorageError:
                return

    def _present(self) -> list[str]:
        """Return the partitions to work on, each with its worker."""
        owned = self._shared.owned()
        for name in [n for n, source in self._sources.items() if owned.get(n) is not source]:
            log.info("partition given up", partition=name)
            self._drop(name)
        now = self._monotonic()
        for name in owned.keys() - self._workers.keys():
            if now - self._fenced_at.get(name, now - _FENCED_S) >= _FENCED_S:
                log.info("partition taken up", partition=name)
                self._sources[name] = owned[name]
                self._workers[name] = self._worker_of(owned[name])
        return sorted(self._workers)

    def _drop(self, name: str) -> None:
        del self._workers[name], self._sources[name]

    def _turn(self, name: str, stop: Stop) -> Turn:
        try:
            return self._workers[name].turn(stop)
        except FencedError:
            # Who has it now works on it.
            self._fenced_at[name] = self._monotonic()
            self._drop(name)
            return Turn.MOVED
