"""The times of a report: kept as given, in UTC, with a mark where a clock can't be right. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from ingest.finding import Finding, pointer
from schemas.report import Report

# Devices drift by minutes; more than this ahead of us is a wrong clock.
AHEAD = timedelta(minutes=5)
# No mission that uses this reports about an earlier year; phones without a battery say 1970.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Beyond these a zone's offset would leave the calendar.
_CALENDAR_START = datetime(2, 1, 1, tzinfo=UTC)
_CALENDAR_END = datetime(9998, 12, 31, tzinfo=UTC)

FIELDS = ("occurred_start", "occurred_end", "observed_at", "reported_at", "valid_to")
# Whose clock is judged, and which of them stands in for a missing start, the best first.
_CLOCKS = ("occurred_start", "observed_at", "reported_at")


class CheckedTimes(NamedTuple):
    """When it happened, what to write into the document, and what was noticed.

    `changes` maps a field to its new text, or to None where it is left out. `was_given`: the
    sender said when, in one way or another.
    """

    occurred_start: datetime
    was_given: bool = True
    clock_suspect: bool = False
    changes: Mapping[str, str | None] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()


def check_times(report: Report, *, received_at: datetime) -> CheckedTimes:
    """Judge the times of a report against when it was received. Refuses nothing.

    A start in the future is kept: a threat may be dated. Times are written in UTC, so that equal
    times are equal text.
    """
    return _Check(report, received_at).result()


class _Check:
    """The careful way through the times of one report."""

    def __init__(self, report: Report, received_at: datetime) -> None:
        self._given = {key: getattr(report, key) for key in FIELDS}
        self._received_at = received_at
        self._usable: dict[str, datetime] = {}
        self._changes: dict[str, str | None] = {}
        self._findings: list[Finding] = []

    def result(self) -> CheckedTimes:
        for key, at in self._given.items():
            if at is not None:
                self._take(key, at)
        suspect = [key for key in _CLOCKS if self._is_suspect(key)]
        best = next((key for key in _CLOCKS if key in self._usable), None)
        start = self._received_at if best is None else self._usable[best]
        if best != "occurred_start":
            self._changes["occurred_start"] = text(start)
            source = best or "received_at"
            self._note("occurred_start", "START_FILLED", f"Missing; taken from {source}.")
        if self._usable.get("occurred_end", start) < start:
            self._note("occurred_end", "END_BEFORE_START", "Before the start; kept as given.")
        return CheckedTimes(
            start, best is not None, bool(suspect), self._changes, tuple(self._findings)
        )

    def _take(self, key: str, at: datetime) -> None:
        if not _CALENDAR_START < at < _CALENDAR_END:
            self._changes[key] = None
            self._note(key, "WRONG_TYPE_OR_RANGE", "Outside of the calendar; left out.")
            return
        self._usable[key] = at
        if at.utcoffset():
            self._changes[key] = text(at)

    def _is_suspect(self, key: str) -> bool:
        at = self._usable.get(key)
        latest = self._received_at + AHEAD
        if at is None or EARLIEST <= at <= latest:
            return False
        side = "after it was received" if at > latest else "before the year 2000"
        self._note(key, "CLOCK_SUSPECT", f"The time lies {side}; kept as given.")
        return True

    def _note(self, key: str, code: str, detail: str) -> None:
        self._findings.append(Finding(pointer=pointer(key), code=code, detail=detail))


def text(at: datetime) -> str:
    """Return a time as it is written: UTC, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
