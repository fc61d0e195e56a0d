"""The relay: tells Kafka of what was concluded, from the changes feed.

It reads the feed from where it stands, sends what each changed thing says now, and moves on only
when the broker has acknowledged all of that: an event may be sent twice, none is left out. Of two
changes of one thing in a slice only the last is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from schemas.topics import Event

SLICE = 1_000


class Slice(NamedTuple):
    """The events of the changes after a position, up to and including `end`."""

    events: Sequence[Event]
    end: int


class Feed(Protocol):
    """The changes feed (port). Both raise StorageError."""

    def after(self, position: int, *, limit: int) -> Slice:
        """Return what the next changes tell; `end` is `position` when there are none."""

    def last(self) -> int:
        """Return the number of the last change, 0 for none."""


class Outlet(Protocol):
    """Where events go (port)."""

    def send(self, events: Sequence[Event]) -> int:
        """Send and wait until all are acknowledged; return how many the broker will never have.

        Raises StorageError when that is not possible now.
        """

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """How far a relay has come since its start."""

    position: int = 0
    last: int = 0
    sent: int = 0
    refused: int = 0


class Relay:
    """Sends slices of the feed. For one thread, but for `progress`."""

    def __init__(self, feed: Feed, outlet: Outlet, *, limit: int = SLICE) -> None:
        self._feed = feed
        self._outlet = outlet
        self._limit = limit
        self._progress = Relayed()

    @property
    def progress(self) -> Relayed:
        """How far it has come; a frozen value, safe to read from any thread."""
        return self._progress

    def turn(self, position: int, move: Callable[[int], object]) -> bool:
        """Tell of the next changes; say whether there may be more. Raises StorageError.

        `move` stores how far it is told, which fails or does nothing when another does it by now.
        """
        found = self._feed.after(position, limit=self._limit)
        if found.end == position:
            self._note(position, position)
            return False
        refused = self._outlet.send(found.events)
        move(found.end)
        self._note(found.end, self._feed.last(), sent=len(found.events), refused=refused)
        return True

    def close(self) -> None:
        """Let go of the connection."""
        self._outlet.close()

    def _note(self, position: int, last: int, *, sent: int = 0, refused: int = 0) -> None:
        self._progress = Relayed(
            position=position,
            last=last,
            sent=self._progress.sent + sent,
            refused=self._progress.refused + refused,
        )
