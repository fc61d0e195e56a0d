"""The quick way in: is a document surely a report with nothing to remark? Pure.

Most reports are. Checking the parsed JSON against a table of its fields costs a third of building
the model and looking at that. This only ever says yes or "let the careful way decide": it must
agree with `sent_report`, `vocabulary` and `times` where it says yes, and a test holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from ingest.times import AHEAD, EARLIEST
from ingest.vocabulary import ACTOR, TOP, VICTIM, known
from schemas.access import level_of
from schemas.report import MAX_REVISION, ReportedLocation

# Says yes by anything true. May raise TypeError for a value of another type.
Check = Callable[[Any], object]
Checks = Mapping[str, Check]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{2,63}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SHORT, _LONG, _CODE = 200, 10_000, 32
_MAX_COUNT, _MAX_SEVERITY, _MAX_UNCERTAINTY_M = 1_000_000, 5, 2_000_000
_MAX_ACTORS, _MAX_VICTIMS = 16, 128


class PlainReport(NamedTuple):
    """What a plain report says that admission needs."""

    root_id: str
    revision: int
    occurred_start: datetime
    location: Mapping[str, Any]

    def reported_location(self) -> ReportedLocation:
        """Return the location as a value."""
        return ReportedLocation.model_validate(self.location)


def read_plain(
    document: Mapping[str, Any], *, received_at: datetime, max_level: int
) -> PlainReport | None:
    """Return a report that is surely clean, or None when the careful way has to decide.

    `max_level` is the highest that the sender may write. The place is checked for its types only.
    """
    try:
        if not _holds(document, _report_checks()) or not _says_enough(document, max_level):
            return None
        start = _clocks(document, latest=received_at + AHEAD)
    except (TypeError, ValueError):
        # A value of another type (a list where a code is asked), or a date that is none.
        return None
    if start is None:
        return None
    return PlainReport(
        document["root_id"], document.get("revision", 1), start, document.get("location", {})
    )


def _says_enough(document: Mapping[str, Any], max_level: int) -> bool:
    level = level_of(document.get("sensitivity", "UNCLASSIFIED"))
    return "root_id" in document and level <= max_level


def _clocks(document: Mapping[str, Any], *, latest: datetime) -> datetime | None:
    """Return the start if it is there and no clock is suspect."""
    start = document.get("occurred_start")
    if start is None:
        return None
    at = _time(start, latest)
    for key in ("observed_at", "reported_at"):
        # Often the same text as the start.
        other = document.get(key)
        if other is not None and other != start and _time(other, latest) is None:
            return None
    return at


def _time(text: str, latest: datetime) -> datetime | None:
    at = datetime.fromisoformat(text)
    return at if at.year >= EARLIEST.year and at <= latest else None


# ---------------------------------------------------------------- the table of fields


def _holds(document: Mapping[str, Any], checks: Checks) -> bool:
    """Say whether every member of an object has a check and passes it."""
    for key, value in document.items():
        check = checks.get(key)
        if check is None or not check(value):
            return False
    return True


@cache
def _report_checks() -> Checks:
    return {
        "root_id": _KEY.fullmatch,
        "revision": _is_revision,
        "supersedes": _KEY.fullmatch,
        **{key: known(name).__contains__ for key, name in TOP.items()},
        "occurred_start": _TIME.fullmatch,
        "observed_at": _TIME.fullmatch,
        "reported_at": _TIME.fullmatch,
        "location": _is_location,
        "raw_code": _is_short,
        "severity": _is_severity,
        "actors": _are_actors,
        "victims": _are_victims,
        "source": _is_source,
        "exercise": _is_bool,
        "illustrative": _is_bool,
        "derived_from": _is_short,
        "text": _is_text,
    }


@cache
def _location_checks() -> Checks:
    return {
        "given": _is_short,
        "lon": _is_number,
        "lat": _is_number,
        "mgrs": _is_code,
        "pcode": _is_code,
        "place_name": _is_short,
        "precision": known("loc_precision").__contains__,
        "uncertainty_m": _is_uncertainty,
        "accuracy_m": _is_radius,
    }


@cache
def _actor_checks() -> Checks:
    return {
        "actor_id": _KEY.fullmatch,
        "name": _is_short,
        **{key: known(name).__contains__ for key, name in ACTOR.items()},
    }


@cache
def _victim_checks() -> Checks:
    return {
        **{key: known(name).__contains__ for key, name in VICTIM.items()},
        "min": _is_count,
        "best": _is_count,
        "max": _is_count,
        "estimate": _is_bool,
    }


@cache
def _source_checks() -> Checks:
    return {
        "type": known("source_type").__contains__,
        "ref": _KEY.fullmatch,
        "reliability": known("reliability").__contains__,
        "credibility": known("credibility").__contains__,
    }


def _is_location(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is dict and _holds(value, _location_checks())


def _are_actors(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _are_all(value, _actor_checks(), most=_MAX_ACTORS)


def _are_victims(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    if not _are_all(value, _victim_checks(), most=_MAX_VICTIMS):
        return False
    return not [item for item in value if not _is_whole(item)]


def _are_all(value: Any, checks: Checks, *, most: int) -> bool:  # noqa: ANN401 - any JSON value
    if type(value) is not list or len(value) > most:
        return False
    return not [item for item in value if type(item) is not dict or not _holds(item, checks)]


def _is_whole(value: Mapping[str, Any]) -> bool:
    """Say whether a victim count has what gives it sense, and no contradiction."""
    if "harm" not in value:
        return False
    best = value.get("best")
    if best is None:
        return False
    low, high = value.get("min", best), value.get("max", best)
    return bool(low <= best <= high)


def _is_source(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is dict and _holds(value, _source_checks())


def _is_revision(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int and 1 <= value <= MAX_REVISION


def _is_severity(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int and 1 <= value <= _MAX_SEVERITY


def _is_count(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int and 0 <= value <= _MAX_COUNT


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is float or type(value) is int


def _is_uncertainty(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _is_number(value) and 0 <= value <= _MAX_UNCERTAINTY_M


def _is_radius(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _is_number(value) and value >= 0


def _is_bool(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return value is True or value is False


def _is_short(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is str and len(value) <= _SHORT


def _is_code(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is str and len(value) <= _CODE


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is str and len(value) <= _LONG
