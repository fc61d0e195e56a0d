"""Who of several leads: one holds a lease in the database, the others watch whether it lives.

Nobody's clock is compared with another's. The holder counts its beats up in the lease; who sees the
same beat for as long as a lease lasts, on a clock of its own, takes it over. Whatever the holder
writes is fenced by the lease's epoch, so that one that was believed dead changes nothing any more.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import structlog

from schemas.clock import Monotonic
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

# Together with the pause between two looks, well below the 10 s within which another takes over.
LEASE_S = 6.0


class Standing(NamedTuple):
    """A lease as it stands. `holder` is None when it was given back, or never taken."""

    holder: str | None = None
    epoch: int = 0
    beats: int = 0
    position: int = 0


class Leases(Protocol):
    """The lease in the database (port). All raise StorageError."""

    def load(self) -> Standing:
        """Return the lease as it stands."""

    def take(self, seen: Standing, holder: str) -> Standing | None:
        """Take a lease that still stands as it was seen; None if it does not."""

    def beat(self, mine: Standing) -> Standing | None:
        """Show that the holder lives; None if the lease is another's by now."""

    def move(self, mine: Standing, position: int) -> Standing | None:
        """Store how far the holder has come; None if the lease is another's by now."""

    def release(self, mine: Standing) -> None:
        """Give the lease back, if it is still ours."""


class Candidate:
    """One that leads if nobody else does. For one thread, but for `is_leading`."""

    def __init__(
        self,
        leases: Leases,
        holder: str,
        *,
        monotonic: Monotonic,
        lease_s: float = LEASE_S,
        is_alone: bool = False,
    ) -> None:
        """Keep what is given. `holder` is a name that no other candidate has.

        One that is alone takes the lease at once, whoever had it, and has nobody to show its life.
        """
        self._leases = leases
        self._holder = holder
        self._monotonic = monotonic
        self._lease_s = lease_s
        self._is_alone = is_alone
        self._mine: Standing | None = None
        self._beat_at = 0.0
        self._seen = Standing()
        self._seen_at: float | None = None

    @property
    def is_leading(self) -> bool:
        """Say whether it leads, as far as it knows; safe to read from any thread."""
        return self._mine is not None

    def look(self) -> Standing | None:
        """Show that we live, or look whether the holder does; return the lease if it is ours."""
        now = self._monotonic()
        try:
            if self._mine is None:
                self._set(self._take(now), now)
            elif not self._is_alone:
                self._set(self._leases.beat(self._mine), now)
        except StorageError as error:
            log.warning("the lease can't be read", reason=str(error))
            # By now another may have it.
            if self._mine is not None and now - self._beat_at >= self._lease_s:
                self._set(None, now)
        return self._mine

    def move(self, position: int) -> Standing | None:
        """Store how far we have come; None if the lease is another's. Raises StorageError."""
        if self._mine is not None:
            self._set(self._leases.move(self._mine, position), self._monotonic())
        return self._mine

    def release(self) -> None:
        """Give the lease back, so that another takes it at once."""
        mine, self._mine = self._mine, None
        if mine is None:
            return
        try:
            self._leases.release(mine)
        except StorageError as error:
            log.warning("the lease runs out by itself", reason=str(error))

    def _take(self, now: float) -> Standing | None:
        seen = self._leases.load()
        if seen != self._seen or self._seen_at is None:
            self._seen, self._seen_at = seen, now
        lives = seen.holder is not None and now - self._seen_at < self._lease_s
        if lives and not self._is_alone:
            return None
        return self._leases.take(seen, self._holder)

    def _set(self, mine: Standing | None, now: float) -> None:
        if (mine is None) != (self._mine is None):
            log.info("this watch leads" if mine else "another watch leads", holder=self._holder)
        if mine is None:
            # Whoever has it begins to count for us now.
            self._seen_at = self._seen_at if self._mine is None else None
        else:
            self._beat_at = now
        self._mine = mine
