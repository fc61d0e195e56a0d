"""Mend one fault that the exact reading of a report named. Pure.

A table from pydantic's kind of fault to what may have been meant. What has no row, or is not
meant in a way that can be told, is left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import ErrorDetails

from ingest.draft import Draft, Path
from ingest.finding import shown
from schemas.access import Level

HIGHEST_LEVEL = max(Level).name

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YES = frozenset({"true", "yes", "y", "oui", "1"})
_NO = frozenset({"false", "no", "n", "non", "0"})
# Codes beside which the sender's own may be kept.
_WITH_RAW_CODE = frozenset({"event_type", "type"})
_MAX_RAW_CODE = 200

# Returns what was meant, or None. Gets the value and what pydantic says about the fault.
_Meaning = Callable[[Any, Mapping[str, Any]], object]


def mend(draft: Draft, fault: ErrorDetails, *, zone: ZoneInfo) -> None:
    """Put what was meant in the place of a fault, or leave the place out, and say so."""
    path = fault["loc"]
    kind = fault["type"]
    if kind == "missing":
        _remove_whole(draft, path)
        return
    try:
        value = draft.get(path)
    except LookupError:
        # Removed with the item that it stood in.
        return
    if path == ("sensitivity",):
        _raise_sensitivity(draft, value)
        return
    if kind in _TIMES and _mend_time(draft, path, value, zone=zone):
        return
    if kind == "string_pattern_mismatch" and _keep_raw(draft, path, value):
        return
    meaning = _MEANINGS.get(kind)
    meant = None if meaning is None else meaning(value, fault.get("ctx", {}))
    if meant is None:
        _leave_out(draft, path, value)
        return
    draft.put(path, meant)
    draft.note(path, "READ_AS_MEANT", f"“{shown(value)}” read as {shown(meant)}.")


# ---------------------------------------------------------------- what may have been meant


def _number(value: object, _context: Mapping[str, Any]) -> object:
    """Give the number in a text such as "4.85"."""
    text = value.strip() if isinstance(value, str) else ""
    if not _NUMBER.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _whole_number(value: object, context: Mapping[str, Any]) -> object:
    """Give 2 for 2.0 and for "2"."""
    number = value if isinstance(value, float) else _number(value, context)
    if isinstance(number, float):
        return int(number) if number.is_integer() and abs(number) < 2**53 else None
    return number


def _text(value: object, _context: Mapping[str, Any]) -> object:
    """Give "2" for 2, as in a credibility or a P-code."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and _NUMBER.fullmatch(str(value)) else None


def _yes_or_no(value: object, _context: Mapping[str, Any]) -> object:
    word = str(value).strip().lower()
    if word in _YES:
        return True
    return False if word in _NO else None


def _cut_short(value: object, context: Mapping[str, Any]) -> object:
    """Give the beginning of a text or list that is too long."""
    limit = context.get("max_length")
    return value[:limit] if isinstance(value, str | list) and isinstance(limit, int) else None


def _list_of_one(value: object, _context: Mapping[str, Any]) -> object:
    return [value] if isinstance(value, str | dict) else None


def _words(value: object, _context: Mapping[str, Any]) -> object:
    """Give a location that was sent as plain words."""
    return {"given": value[:200]} if isinstance(value, str) and value.strip() else None


_MEANINGS: Mapping[str, _Meaning] = {
    "float_type": _number,
    "int_type": _whole_number,
    "int_from_float": _whole_number,
    "string_type": _text,
    "bool_type": _yes_or_no,
    "string_too_long": _cut_short,
    "too_long": _cut_short,
    "tuple_type": _list_of_one,
    "model_type": _words,
}
_TIMES = frozenset(
    {"timezone_aware", "datetime_parsing", "datetime_from_date_parsing", "datetime_type"}
)


# ---------------------------------------------------------------- special places


def _mend_time(draft: Draft, path: Path, value: object, *, zone: ZoneInfo) -> bool:
    """Read a time without an offset, or a bare date, in the mission's zone."""
    if not isinstance(value, str):
        return False
    try:
        local = datetime.fromisoformat(value.strip())
    except ValueError:
        return False
    if local.tzinfo is not None:
        return False
    try:
        meant = local.replace(tzinfo=zone).isoformat()
    except OverflowError:
        return False
    is_date = _DATE.fullmatch(value.strip()) is not None
    draft.put(path, meant)
    if is_date and path == ("occurred_start",):
        draft.document.setdefault("time_precision", "DAY")
    draft.note(path, "TIME_WITHOUT_OFFSET", f"“{shown(value)}” read in the zone {zone.key}.")
    return True


def _keep_raw(draft: Draft, path: Path, value: object) -> bool:
    """Keep the sender's own words for what happened or who it was; the code becomes unknown."""
    if path[-1] not in _WITH_RAW_CODE or path[0] == "source" or not isinstance(value, str):
        return False
    if not value.strip():
        return False
    parent = draft.get(path[:-1])
    parent.setdefault("raw_code", value[:_MAX_RAW_CODE])
    del parent[path[-1]]
    draft.note(path, "UNKNOWN_CODE", f"“{shown(value)}” is no code; kept as raw_code.")
    return True


def _raise_sensitivity(draft: Draft, value: object) -> None:
    draft.document["sensitivity"] = HIGHEST_LEVEL
    draft.note(
        ("sensitivity",),
        "UNKNOWN_CODE",
        f"“{shown(value)}” is no sensitivity; counted as {HIGHEST_LEVEL}.",
    )


def _remove_whole(draft: Draft, path: Path) -> None:
    """Take out the part that lacks something without which it says nothing."""
    part = path[:-1]
    try:
        draft.get(part)
    except LookupError:
        return
    draft.note(part, "INCOMPLETE", f"{path[-1]} is missing; the whole part is left out.")
    draft.remove(part)


def _leave_out(draft: Draft, path: Path, value: object) -> None:
    detail = f"“{shown(value)}” can't be read here; left out."
    if path[0] == "caveats":
        # Somebody asked for a restriction that we can't read: restrict as far as we can.
        draft.document["sensitivity"] = HIGHEST_LEVEL
        detail += f" The sensitivity is counted as {HIGHEST_LEVEL}."
    draft.note(path, "WRONG_TYPE_OR_RANGE", detail)
    draft.remove(path)
