"""What a worker is joined to: a log of partitions, the store, and what tells it to end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol

from processing.engine.batch import Batch, Claim, MessageT
from schemas.clock import Monotonic
from schemas.errors import FencedError
from schemas.log import Backlog, Record

# Turns a record into its message, or raises InvalidMessageError.
Decode = Callable[[Record], MessageT]
# Stores a batch whole or not at all, with its positions.
Stage = Callable[[Batch[MessageT]], None]


class PartitionedLog(Protocol):
    """A log of partitions, of which this process owns some for a while.

    Partitions come and go in `fetch` alone.
    """

    @property
    def last_error(self) -> str | None:
        """What is wrong with the connection to it, None if nothing is."""

    def owned(self) -> Mapping[str, Backlog]:
        """Return the partitions that are owned and can be read now, by name."""

    def fetch(self, timeout_s: float) -> None:
        """Wait for something new, at most so long."""

    def stored(self, positions: Mapping[str, int]) -> None:
        """Hear where the partitions stand, for whoever watches the log. Never raises."""

    def lost(self, partition: str) -> None:
        """Hear that another process has taken a partition over.

        Raises FencedError where that is the end of this one.
        """


class Positions(Protocol):
    """Where the partitions stand, kept beside what was stored."""

    def claim(self, partitions: Collection[str]) -> Mapping[str, Claim]:
        """Take partitions over: every earlier owner is fenced off from now on."""

    def load(self, partitions: Collection[str]) -> Mapping[str, Claim]:
        """Return where partitions stand, without taking them over."""


class Stop(Protocol):
    """Tells the worker to end (`threading.Event` does)."""

    def is_set(self) -> bool:
        """Say whether to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end or the time-out; True if it is the end."""


def _never(_record: Record) -> bool:
    return False


def _not_at_all() -> float:
    return 0.0


def do_nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports(Generic[MessageT]):
    """What a worker is joined to.

    What `is_urgent` is staged before all that lies before it, and then once more with its batch: a
    stage drops what it has stored already. `rest` is called before each wait.
    `waited_s` says how long the stage has waited for others so far: what a batch costs is without.
    """

    log: PartitionedLog
    stage: Stage[MessageT]
    positions: Positions
    decode: Decode[MessageT]
    monotonic: Monotonic
    is_urgent: Callable[[Record], bool] = _never
    rest: Callable[[], None] = do_nothing
    waited_s: Callable[[], float] = _not_at_all


class SoleLog:
    """A log of one partition, which nobody else may work on."""

    last_error: str | None = None

    def __init__(self, source: Backlog) -> None:
        self._owned = {source.partition: source}
        self._source = source

    def owned(self) -> Mapping[str, Backlog]:
        """Return the partition."""
        return self._owned

    def fetch(self, timeout_s: float) -> None:
        """Wait as the partition does; what is there is read from it."""
        if timeout_s > 0:
            self._source.wait(timeout_s)

    def stored(self, positions: Mapping[str, int]) -> None:
        """Nobody watches but the database."""

    def lost(self, partition: str) -> None:
        """Raise FencedError: two would take it from each other in turn."""
        raise FencedError(f"{partition} belongs to another worker now")
