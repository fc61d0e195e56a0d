"""A fair lock between processes and threads, for a database with one writer at a time.

Two `flock`s as a turnstile: whoever wants to write first takes the gate, then waits for the lock,
then lets the next one into the gate. Waiting blocks instead of polling, nobody is overtaken twice,
and the system frees both when their holder dies. SQLite's own busy handler polls and starves small
writers behind back-to-back batches.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turnstile:
    """The lock of one database. Not reentrant: a holder that enters again waits for itself."""

    def __init__(self, directory: Path) -> None:
        self._gate = directory / "write.gate"
        self._lock = directory / "write.lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the right to write; blocks until it is free."""
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._pass_gate(lock)
            yield
        finally:
            os.close(lock)

    def _pass_gate(self, lock: int) -> None:
        gate = os.open(self._gate, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            os.close(gate)
