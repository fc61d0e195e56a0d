"""The quick way in: is a document surely a report with nothing to remark? Pure.

Most reports are. Looking at the parsed JSON itself costs a quarter of building the model and
looking at that. This only ever says yes or "let the careful way decide": it must agree with
`sent_report`, `vocabulary` and `times` where it says yes, and a test holds it to that. Each object
is checked in one expression, field by field, because this is the hottest code of the door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from ingest.times import EARLIEST
from ingest.vocabulary import known
from schemas.access import SENSITIVITY_LEVEL
from schemas.report import MAX_REVISION, ReportedLocation

Document = Mapping[str, Any]
# May raise TypeError where a value is of another type: that is a no.
Check = Callable[[Document], bool]

REPORT_FIELDS = frozenset(
    {
        "root_id",
        "revision",
        "supersedes",
        "record_kind",
        "report_kind",
        "occurred_start",
        "observed_at",
        "reported_at",
        "time_precision",
        "location",
        "event_type",
        "raw_code",
        "severity",
        "actors",
        "victims",
        "source",
        "sensitivity",
        "exercise",
        "illustrative",
        "derived_from",
        "text",
    }
)
LOCATION_FIELDS = frozenset(
    {
        "given",
        "lon",
        "lat",
        "mgrs",
        "pcode",
        "place_name",
        "precision",
        "uncertainty_m",
        "accuracy_m",
    }
)
# What most have: one look says that the checks of the other fields are not needed.
_OFTEN = REPORT_FIELDS - {
    "supersedes",
    "raw_code",
    "severity",
    "sensitivity",
    "exercise",
    "illustrative",
    "derived_from",
}
_OFTEN_IN_LOCATION = frozenset(["given", "lon", "lat", "uncertainty_m"])
ACTOR_FIELDS = frozenset(["actor_id", "name", "type", "role", "raw_code"])
VICTIM_FIELDS = frozenset(["harm", "group", "population", "min", "best", "max", "estimate"])
SOURCE_FIELDS = frozenset(["type", "ref", "reliability", "credibility"])

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{2,63}")
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_TIMES = re.compile(rf"(?:{_TIME})+")
MAX_SHORT_TEXT, MAX_LONG_TEXT, MAX_CODE_TEXT = 200, 10_000, 32
_MAX_COUNT, _MAX_SEVERITY, _MAX_UNCERTAINTY_M = 1_000_000, 5, 2_000_000
MAX_ACTORS, MAX_VICTIMS = 16, 128
_NUMBERS = (int, float)


class PlainReport(NamedTuple):
    """What a plain report says that admission needs."""

    root_id: str
    revision: int
    occurred_start: datetime
    location: Mapping[str, Any]

    def reported_location(self) -> ReportedLocation:
        """Return the location as a value."""
        return ReportedLocation.model_validate(self.location)


# As the named tuple makes itself, without the call into Python that unpacks its names.
_plain_report = partial(tuple.__new__, PlainReport)


def read_plain(document: Document, *, latest: datetime, max_level: int) -> PlainReport | None:
    """Return a report that is surely clean, or None when the careful way has to decide.

    No clock may be later than `latest`; `max_level` is the highest that the sender may write. The
    place is checked for its types only.
    """
    try:
        if not _report_check()(document):
            return None
        start = _clocks(document, latest=latest)
    except (AttributeError, TypeError, ValueError):
        # A value of another type (a list where a code is asked), or a date that is none.
        return None
    if start is None or SENSITIVITY_LEVEL[document.get("sensitivity", "UNCLASSIFIED")] > max_level:
        return None
    get = document.get
    return _plain_report((document["root_id"], get("revision", 1), start, get("location") or {}))


def _clocks(document: Document, *, latest: datetime) -> datetime | None:
    """Return the start if it is there and no clock is suspect."""
    start: str | None = document.get("occurred_start")
    if start is None:
        return None
    observed: str = document.get("observed_at", start)
    reported: str = document.get("reported_at", start)
    # Often the same text as the start; all are matched at once, each has to be a date for itself.
    if not _TIMES.fullmatch(start + observed + reported):
        return None
    at = _time(start, latest)
    for other in (observed, reported):
        if other != start and _time(other, latest) is None:
            return None
    return at


def _time(text: str, latest: datetime) -> datetime | None:
    """Return a time whose form is known to be right, if it is a clock's."""
    at = datetime.fromisoformat(text)
    return at if EARLIEST <= at <= latest else None


def are_counts_in_order(victims: Sequence[Document]) -> bool:
    """Say whether the best count of each is not below its least and not above its most."""
    return all(map(_victim_check(), victims))


# ---------------------------------------------------------------- one check an object


@cache
def _report_check() -> Check:
    record_kinds, report_kinds = known("record_kind"), known("report_kind")
    time_precisions, event_types = known("time_precision"), known("event_type")
    is_location, is_source = _location_check(), _source_check()
    is_actor, is_victim = _actor_check(), _victim_check()
    is_key = _KEY.fullmatch

    def check(it: Document) -> bool:
        get = it.get
        return (
            (_OFTEN.issuperset(it) or _are_rest_plain(it))
            and is_key(get("root_id", "")) is not None
            and get("record_kind", "INCIDENT") in record_kinds
            and get("report_kind", "SPOTREP") in report_kinds
            and get("event_type", "OTHER") in event_types
            and get("time_precision", "HOUR") in time_precisions
            and type(revision := get("revision", 1)) is int
            and 1 <= revision <= MAX_REVISION
            and type(text := get("text", "")) is str
            and len(text) <= MAX_LONG_TEXT
            and ("location" not in it or is_location(it["location"]))
            and ("source" not in it or is_source(it["source"]))
            and ("actors" not in it or _are_all(it["actors"], is_actor, most=MAX_ACTORS))
            and ("victims" not in it or _are_all(it["victims"], is_victim, most=MAX_VICTIMS))
        )

    return check


def _are_rest_plain(it: Document) -> bool:
    """Look at the fields that most reports do not have."""
    get = it.get
    return (
        REPORT_FIELDS.issuperset(it)
        and get("sensitivity", "UNCLASSIFIED") in SENSITIVITY_LEVEL
        and type(get("severity", 1)) is int
        and 1 <= get("severity", 1) <= _MAX_SEVERITY
        and _is_text(get("raw_code", ""), MAX_SHORT_TEXT)
        and _is_text(get("derived_from", ""), MAX_SHORT_TEXT)
        and type(get("exercise", False)) is bool
        and type(get("illustrative", False)) is bool
        and ("supersedes" not in it or _KEY.fullmatch(it["supersedes"]) is not None)
    )


@cache
def _location_check() -> Check:
    precisions = known("loc_precision")

    def are_rest_plain(it: Document) -> bool:
        get = it.get
        return (
            LOCATION_FIELDS.issuperset(it)
            and _is_text(get("place_name", ""), MAX_SHORT_TEXT)
            and _is_text(get("pcode", ""), MAX_CODE_TEXT)
            and _is_text(get("mgrs", ""), MAX_CODE_TEXT)
            and get("precision", "P3") in precisions
            and type(get("accuracy_m", 0)) in _NUMBERS
            and get("accuracy_m", 0) >= 0
        )

    def check(it: Document) -> bool:
        get = it.get
        return (
            type(it) is dict
            and (_OFTEN_IN_LOCATION.issuperset(it) or are_rest_plain(it))
            and type(get("lon", 0)) in _NUMBERS
            and type(get("lat", 0)) in _NUMBERS
            and type(given := get("given", "")) is str
            and len(given) <= MAX_SHORT_TEXT
            and type(uncertainty_m := get("uncertainty_m", 0)) in _NUMBERS
            and 0 <= uncertainty_m <= _MAX_UNCERTAINTY_M
        )

    return check


@cache
def _actor_check() -> Check:
    types, roles = known("actor_type"), known("actor_role")

    def check(it: Document) -> bool:
        get = it.get
        return (
            type(it) is dict
            and ACTOR_FIELDS.issuperset(it)
            and get("type", "UNKNOWN") in types
            and get("role", "PARTY") in roles
            and _is_text(get("name", ""), MAX_SHORT_TEXT)
            and _is_text(get("raw_code", ""), MAX_SHORT_TEXT)
            and ("actor_id" not in it or _KEY.fullmatch(it["actor_id"]) is not None)
        )

    return check


@cache
def _victim_check() -> Check:
    harms, groups, populations = known("harm"), known("victim_group"), known("victim_population")

    def check(it: Document) -> bool:
        get = it.get
        best = get("best")
        low, high = get("min", best), get("max", best)
        return (
            type(it) is dict
            and VICTIM_FIELDS.issuperset(it)
            and get("harm") in harms
            and get("group", "unknown") in groups
            and get("population", "UNKNOWN") in populations
            and type(low) is type(best) is type(high) is int
            and 0 <= low <= best <= high <= _MAX_COUNT
            and type(get("estimate", False)) is bool
        )

    return check


@cache
def _source_check() -> Check:
    types = known("source_type")
    reliabilities, credibilities = known("reliability"), known("credibility")

    def check(it: Document) -> bool:
        get = it.get
        return (
            type(it) is dict
            and SOURCE_FIELDS.issuperset(it)
            and get("type", "FIRST_HAND") in types
            and get("reliability", "F") in reliabilities
            and get("credibility", "6") in credibilities
            and ("ref" not in it or _KEY.fullmatch(it["ref"]) is not None)
        )

    return check


def _is_text(value: object, most: int) -> bool:
    return type(value) is str and len(value) <= most


def _are_all(value: Any, check: Check, *, most: int) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is list and len(value) <= most and all(map(check, value))
