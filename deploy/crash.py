"""Dying on purpose, for tests: kill this process at the nth passing of a named point."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

Checkpoint = Callable[[str], None]


def no_checkpoint(name: str) -> None:
    """Pass every point."""


def checkpoint_from(spec: str | None) -> Checkpoint:
    """Return a checkpoint for "NAME:COUNT", or one that does nothing for None."""
    if spec is None:
        return no_checkpoint
    name, _, count = spec.rpartition(":")
    return _Killer(name, int(count)).passing


class _Killer:
    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._left = count
        self._lock = threading.Lock()

    def passing(self, name: str) -> None:
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
