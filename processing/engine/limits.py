"""The bounds of a micro-batch, of its retries, and of how much poison is believable."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

# A batch is not cut below this: its fixed costs would dominate, and a worker on a busy machine
# would fall behind the more, the smaller its batches are. Where workers share the cores, the last
# batches say little of the next.
SMALLEST_BATCH = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """How large and how old a batch may be, how long to back off, when poison stops the worker.

    A batch takes what is there and never waits for more, so its age is its own running time: it
    takes as many records as the last ones say fit into `max_age_s`. Where `urgent_from` records and
    more wait, the urgent ones among the next `peek_records` are stored first; for `urgent_for_s`
    after one came, batches fit into `urgent_age_s`, so that the next has not long to wait.
    """

    max_records: int = 8_000
    max_bytes: int = 16_000_000
    max_age_s: float = 0.75
    urgent_from: int = 64
    urgent_age_s: float = 0.045
    urgent_for_s: float = 2.0
    peek_records: int = 8_000
    idle_s: float = 1.0
    first_backoff_s: float = 0.05
    max_backoff_s: float = 5.0
    poison_in_a_row: int = 50
    poison_window: int = 1_000
    poison_share: float = 0.05

    def backoff_s(self, failures: int) -> float:
        """Return how long to wait after a number of failures in a row (1 or more)."""
        return min(self.max_backoff_s, self.first_backoff_s * 2.0 ** min(failures - 1, 30))


class Pace:
    """How many records the next batch may take. For one thread."""

    def __init__(self, limits: EngineLimits) -> None:
        self._limits = limits
        # Not known yet.
        self._record_s = 0.0
        self._urgent_until = -math.inf

    def hurry(self, *, now: float) -> None:
        """Hear that an urgent record has come: another one may follow."""
        self._urgent_until = now + self._limits.urgent_for_s

    def note(self, records: int, *, took_s: float) -> None:
        """Hear how long a batch took, without what it waited for others.

        Of a small one the fixed costs would tell.
        """
        if records >= self._limits.urgent_from:
            self._record_s = took_s / records

    def size(self, *, now: float) -> int:
        """Return how many records fit into the age that a batch may have."""
        limits = self._limits
        age_s = limits.urgent_age_s if now < self._urgent_until else limits.max_age_s
        fitting = int(age_s / self._record_s) if self._record_s else limits.max_records
        return min(limits.max_records, max(SMALLEST_BATCH, fitting))


class PoisonGauge:
    """Counts set-aside records among the last ones, to tell a bad record from a bad release."""

    def __init__(self, limits: EngineLimits) -> None:
        self._limits = limits
        self._recent: deque[bool] = deque(maxlen=limits.poison_window)
        self._in_a_row = 0

    def would_stop(self, bad: Sequence[bool]) -> bool:
        """Say whether some further records (True: set aside) are more than is believable."""
        if not any(bad):
            return False
        return self._run(bad) >= self._limits.poison_in_a_row or self._share(bad)

    def note(self, bad: Sequence[bool]) -> None:
        """Count records that were committed."""
        for one in bad:
            self._in_a_row = self._in_a_row + 1 if one else 0
        self._recent.extend(bad)

    def recent(self) -> tuple[int, int]:
        """Return how many of the last records were set aside, and how many were counted."""
        return sum(self._recent), len(self._recent)

    def _run(self, bad: Sequence[bool]) -> int:
        longest = run = self._in_a_row
        for one in bad:
            run = run + 1 if one else 0
            longest = max(longest, run)
        return longest

    def _share(self, bad: Sequence[bool]) -> bool:
        # Before the window is full the allowance is that of a full one: one bad record among
        # the first ten must not stop a fresh worker.
        window = [*self._recent, *bad][-self._limits.poison_window :]
        return sum(window) > self._limits.poison_share * self._limits.poison_window
