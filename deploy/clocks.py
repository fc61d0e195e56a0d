"""The clocks that `deploy` hands out. Nothing else in Tocsin reads the time."""

from __future__ import annotations

import mmap
import os
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemas.clock import from_micros, to_micros

_FORMAT: Final = "q"
_SIZE: Final = struct.calcsize(_FORMAT)


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(tz=UTC)


class SteppedClock:
    """A mission clock that stands still until someone steps it, shared between processes.

    It lives in eight bytes of a file, so that reading it costs no system call. Only a database
    that `tocsin demo` made uses it. One process steps it, from any of its threads.
    """

    def __init__(self, micros: memoryview) -> None:
        self._micros = micros
        self._stepping = threading.Lock()

    def now(self) -> datetime:
        """Return the time to which the clock was last stepped."""
        return from_micros(self._micros[0])

    def step(self, to: datetime) -> None:
        """Set the clock forward; a time that is not later changes nothing."""
        with self._stepping:
            if to > self.now():
                # One aligned store. `struct.pack_into` clears the bytes first, and a door that
                # reads them then receives a report in 1970.
                self._micros[0] = to_micros(to)


def open_stepped_clock(path: Path, *, start: datetime) -> SteppedClock:
    """Open the clock in a file, making it with a start time when there is none."""
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_bytes(struct.pack(_FORMAT, to_micros(start)))
        fresh.replace(path)
    handle = os.open(path, os.O_RDWR)
    try:
        return SteppedClock(memoryview(mmap.mmap(handle, _SIZE)).cast(_FORMAT))
    finally:
        os.close(handle)
