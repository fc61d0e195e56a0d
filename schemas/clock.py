"""Clocks, injected by `deploy`. No rule, stage or test reads the wall clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

EPOCH_DAY = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

# A monotonic clock in seconds: retries, back-off, fail-over, batch ages.
Monotonic = Callable[[], float]


class Clock(Protocol):
    """A clock that gives aware UTC times: the mission's or the system's."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""


def local_day(at: datetime, zone: ZoneInfo) -> int:
    """Return the mission-local day of a time as days since 1970-01-01."""
    return (at.astimezone(zone).date() - EPOCH_DAY).days


def day_date(day: int) -> date:
    """Return the calendar date of a day number."""
    return EPOCH_DAY + day * DAY


def day_start_ms(day: int) -> int:
    """Return the Unix milliseconds of 00:00 UTC of a day number (for ids, not for windows)."""
    return day * 86_400_000


def to_micros(value: datetime) -> int:
    """Return the microseconds since 1970 of an aware time, exactly."""
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """Return the aware UTC time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)
