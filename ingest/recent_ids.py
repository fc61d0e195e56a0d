"""Where in the log the reports lie that came last, by id: for receipts that processing has not yet.

Nearly all reports are written, few are asked for before they are stored. So what is written is kept
as it came, and put into an index when somebody asks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import count


class RecentIds:
    """The positions of the last `most` ids and perhaps some more. One thread adds, any asks."""

    def __init__(self, *, most: int, start: int) -> None:
        """Know nothing yet; `start` is the position that comes next."""
        self._most = most
        self._lock = threading.Lock()
        # What one commit wrote: the first position, and the ids that have it and the next ones.
        self._commits: deque[tuple[int, Sequence[str]]] = deque()
        # How many of the last commits are not in the index.
        self._unread = 0
        self._count = 0
        self._start = start
        self._index: dict[str, int] = {}

    @property
    def start(self) -> int:
        """The position from which on every id is known."""
        return self._start

    def add(self, start: int, ids: Sequence[str]) -> None:
        """Remember the ids at a position and after it, and forget some that came long before."""
        with self._lock:
            self._commits.append((start, ids))
            self._unread += 1
            self._count += len(ids)
            while self._count - len(self._commits[0][1]) >= self._most:
                self._forget()

    def position_of(self, report_id: str) -> int | None:
        """Return where a report lies; None if it is not known."""
        with self._lock:
            unread = len(self._commits) - self._unread
            for start, ids in list(self._commits)[unread:]:
                self._index.update(zip(ids, count(start), strict=False))
            self._unread = 0
            return self._index.get(report_id)

    def _forget(self) -> None:
        start, ids = self._commits.popleft()
        if self._unread > len(self._commits):
            self._unread -= 1
        else:
            for report_id in ids:
                del self._index[report_id]
        self._count -= len(ids)
        self._start = start + len(ids)
