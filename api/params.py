"""Query parameters into values. Whatever is not as asked for is a 400 that names the parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.problems import ProblemError, bad_parameter
from schemas.clock import local_day
from schemas.geometry import BoundingBox, is_position

OPEN_END = ".."
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MAX_CODES = 50
_FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# RFC 3339: full date, full time, an offset. Python alone would also take 20131216 or no offset.
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})"
)
_CORNERS = 4
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Both ends included; None is open. The days are mission-local."""

    start: datetime | None
    end: datetime | None
    first_day: int | None
    last_day: int | None

    def contains(self, at: datetime) -> bool:
        """Say whether a time lies in the interval."""
        is_early = self.start is not None and at < self.start
        is_late = self.end is not None and at > self.end
        return not is_early and not is_late


def parse_box(text: str | None) -> BoundingBox | None:
    """Return `west,south,east,north` in degrees; west > east crosses the antimeridian."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != _CORNERS:
        raise bad_parameter("bbox", "give west,south,east,north in degrees")
    west, south, east, north = (_degrees(part) for part in parts)
    if not (is_position(west, south) and is_position(east, north)):
        raise bad_parameter("bbox", "longitudes are within 180 and latitudes within 90 degrees")
    if south > north:
        raise bad_parameter("bbox", f"south {south} lies north of north {north}")
    return BoundingBox(west=west, south=south, east=east, north=north)


def parse_interval(text: str | None, zone: ZoneInfo) -> Interval | None:
    """Return a time or `start/end`, in RFC 3339, `..` or nothing for an open end.

    A date alone is the whole mission-local day.
    """
    if text is None:
        return None
    first, slash, last = text.partition("/")
    if not slash:
        last = first
    start = None if first in {"", OPEN_END} else _start(first, zone)
    end = None if last in {"", OPEN_END} else _end(last, zone)
    if start is None and end is None:
        raise bad_parameter("datetime", "at least one end must be given")
    if start is not None and end is not None and start > end:
        raise bad_parameter("datetime", "the interval ends before it starts")
    return Interval(
        start=start,
        end=end,
        first_day=None if start is None else local_day(start, zone),
        last_day=None if end is None else local_day(end, zone),
    )


def parse_codes(name: str, text: str | None) -> tuple[str, ...]:
    """Return codes that are separated by commas; none given is none."""
    if text is None:
        return ()
    codes = tuple(text.split(","))
    if len(codes) > _MAX_CODES or not all(_CODE.fullmatch(code) for code in codes):
        raise bad_parameter(name, f"give up to {_MAX_CODES} codes, separated by commas")
    return codes


def parse_date(name: str, text: str) -> date:
    """Return a calendar date, YYYY-MM-DD."""
    if not _FULL_DATE.fullmatch(text):
        raise bad_parameter(name, "give a date as YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter(name, f"{text} is not a day of the calendar") from error


def _degrees(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise bad_parameter("bbox", "give four numbers in degrees") from error


def _start(text: str, zone: ZoneInfo) -> datetime:
    if _FULL_DATE.fullmatch(text):
        return _midnight(parse_date("datetime", text), zone)
    return _time(text)


def _end(text: str, zone: ZoneInfo) -> datetime:
    if not _FULL_DATE.fullmatch(text):
        return _time(text)
    try:
        next_day = parse_date("datetime", text) + timedelta(days=1)
        return _midnight(next_day, zone) - _MICROSECOND
    except OverflowError as error:
        raise _bad_time(text) from error


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    try:
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    except OverflowError as error:
        raise _bad_time(day.isoformat()) from error


def _time(text: str) -> datetime:
    if not _DATE_TIME.fullmatch(text):
        raise _bad_time(text)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad_time(text) from error


def _bad_time(text: str) -> ProblemError:
    return bad_parameter(
        "datetime", f"{text[:40]!r} is not an RFC 3339 time such as 2013-12-16T06:00:00Z"
    )
