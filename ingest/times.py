"""The times of a report: kept as given, in UTC, with a mark where a clock can't be right. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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


@dataclass(slots=True, kw_only=True)
class CheckedTimes:
    """When it happened, what to write into the document, and what was noticed.

    `changes` maps a field to its new text, or to None where it is left out. `was_given`: the
    sender said when, in one way or another.
    """

    occurred_start: datetime
    was_given: bool = True
    clock_suspect: bool = False
    changes: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def note(self, key: str, code: str, detail: str) -> None:
        """Remember a finding about one field."""
        self.findings.append(Finding(pointer=pointer(key), code=code, detail=detail))


def check_times(report: Report, *, received_at: datetime) -> CheckedTimes:
    """Judge the times of a report against when it was received. Refuses nothing.

    A start in the future is kept: a threat may be dated. Times are written in UTC, so that equal
    times are equal text.
    """
    start = report.occurred_start
    if start is not None and _are_plain(report, start, latest=received_at + AHEAD):
        return CheckedTimes(occurred_start=start)
    checked = CheckedTimes(occurred_start=received_at)
    usable: dict[str, datetime] = {}
    for key in FIELDS:
        at: datetime | None = getattr(report, key)
        if at is not None:
            _check(checked, usable, key, at)
    _judge_clocks(checked, usable, received_at)
    _settle_start(checked, usable, received_at)
    _check_end(checked, usable)
    return checked


def _are_plain(report: Report, start: datetime, *, latest: datetime) -> bool:
    """Say whether there is surely nothing to remark or change: the quick and usual case."""
    rest = (report.observed_at, report.reported_at)
    return (
        _is_plain(start, latest)
        and all(at is None or _is_plain(at, latest) for at in rest)
        and report.occurred_end is None
        and report.valid_to is None
    )


def _is_plain(at: datetime, latest: datetime) -> bool:
    return EARLIEST <= at <= latest and not at.utcoffset()


def _check(checked: CheckedTimes, usable: dict[str, datetime], key: str, at: datetime) -> None:
    if not _CALENDAR_START < at < _CALENDAR_END:
        checked.changes[key] = None
        checked.note(key, "WRONG_TYPE_OR_RANGE", "Outside of the calendar; left out.")
        return
    usable[key] = at
    if at.utcoffset():
        checked.changes[key] = text(at)


def _judge_clocks(
    checked: CheckedTimes, usable: dict[str, datetime], received_at: datetime
) -> None:
    latest = received_at + AHEAD
    for key in _CLOCKS:
        at = usable.get(key)
        if at is None or EARLIEST <= at <= latest:
            continue
        checked.clock_suspect = True
        side = "after it was received" if at > latest else "before the year 2000"
        checked.note(key, "CLOCK_SUSPECT", f"The time lies {side}; kept as given.")


def _settle_start(
    checked: CheckedTimes, usable: dict[str, datetime], received_at: datetime
) -> None:
    best = next((key for key in _CLOCKS if key in usable), None)
    checked.was_given = best is not None
    checked.occurred_start = received_at if best is None else usable[best]
    if best == "occurred_start":
        return
    checked.changes["occurred_start"] = text(checked.occurred_start)
    source = "received_at" if best is None else best
    checked.note("occurred_start", "START_FILLED", f"Missing; taken from {source}.")


def _check_end(checked: CheckedTimes, usable: dict[str, datetime]) -> None:
    end = usable.get("occurred_end")
    if end is not None and end < checked.occurred_start:
        checked.note("occurred_end", "END_BEFORE_START", "Before the start; kept as given.")


def text(at: datetime) -> str:
    """Return a time as it is written: UTC, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
