"""The clocks that `deploy` hands out. Nothing else in Tocsin reads the time."""

from __future__ import annotations

import mmap
import os
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemas.column_types import from_micros, to_micros

_FORMAT: Final = "<q"
_SIZE: Final = struct.calcsize(_FORMAT)


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(tz=UTC)


class SteppedClock:
    """A mission clock that stands still until someone steps it, shared between processes.

    It lives in eight bytes of a file, so that reading it costs no system call. Only a database
    that `tocsin demo` made uses it.
    """

    def __init__(self, view: mmap.mmap) -> None:
        self._view = view

    def now(self) -> datetime:
        """Return the time to which the clock was last stepped."""
        return from_micros(struct.unpack_from(_FORMAT, self._view)[0])

    def step(self, to: datetime) -> None:
        """Set the clock forward; a time that is not later changes nothing."""
        if to > self.now():
            struct.pack_into(_FORMAT, self._view, 0, to_micros(to))


def open_stepped_clock(path: Path, *, start: datetime) -> SteppedClock:
    """Open the clock in a file, making it with a start time when there is none."""
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_bytes(struct.pack(_FORMAT, to_micros(start)))
        fresh.replace(path)
    handle = os.open(path, os.O_RDWR)
    try:
        return SteppedClock(mmap.mmap(handle, _SIZE))
    finally:
        os.close(handle)
