"""How often somebody may try, in memory: one process's view is enough to stop guessing."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable

from schemas.clock import Monotonic

WINDOW_S = 60.0
# Bounds the memory: the key that was used longest ago is forgotten first.
MAX_KEYS = 10_000


class Throttle:
    """At most `limit` tries a minute and key. Safe to use from several threads."""

    def __init__(self, clock: Monotonic, *, limit: int, max_keys: int = MAX_KEYS) -> None:
        self._clock = clock
        self._limit = limit
        self._max_keys = max_keys
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: Hashable) -> float:
        """Count one try and return 0, or return the seconds until the next one is let through."""
        now = self._clock()
        with self._lock:
            tries = self._tries.setdefault(key, deque())
            self._tries.move_to_end(key)
            while tries and tries[0] <= now - WINDOW_S:
                tries.popleft()
            if len(tries) >= self._limit:
                return tries[0] + WINDOW_S - now
            tries.append(now)
            while len(self._tries) > self._max_keys:
                self._tries.popitem(last=False)
        return 0.0

    def forget(self, key: Hashable) -> None:
        """Start a key anew, after it got it right."""
        with self._lock:
            self._tries.pop(key, None)
