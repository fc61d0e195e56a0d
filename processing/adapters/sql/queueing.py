"""How long was waited for a turn to write."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from schemas.clock import Monotonic

Transaction = Callable[[], AbstractContextManager[Connection]]


class Queueing:
    """Opens write transactions and adds up how long each took to begin. For one thread."""

    def __init__(self, begin: Transaction, monotonic: Monotonic) -> None:
        self._begin = begin
        self._monotonic = monotonic
        self._waited_s = 0.0

    @contextmanager
    def begin(self) -> Generator[Connection]:
        """Open a transaction when it is our turn."""
        asked = self._monotonic()
        with self._begin() as connection:
            self._waited_s += self._monotonic() - asked
            yield connection

    def waited_s(self) -> float:
        """Return how long was waited so far, in all."""
        return self._waited_s
