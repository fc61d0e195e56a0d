"""What a plain report looks like in canonical JSON, as one pattern. Pure.

Canonical JSON has one order of members and no spaces, so one pattern can say of the bytes what
`plain_report` says of the document, at less than half of the cost. It only ever says yes: what it
does not match (escapes in a short text, a date that may not be one) is looked at as a document. A
test holds it to what that says. Every repetition is possessive, so no input makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from ingest.plain_report import (
    MAX_ACTORS,
    MAX_CODE_TEXT,
    MAX_LONG_TEXT,
    MAX_SHORT_TEXT,
    MAX_VICTIMS,
)
from ingest.vocabulary import known
from schemas.access import SENSITIVITY_LEVEL

_NAME = r"[A-Za-z0-9][A-Za-z0-9._:-]{2,63}+"
_KEY = f'"{_NAME}"'
_YES_OR_NO = "(?:true|false)"
# The numbers that people send; the careful look knows the others.
_NUMBER = r"-?[0-9]{1,9}+(?:\.[0-9]++)?+"
_NOT_NEGATIVE = r"[0-9]{1,6}+(?:\.[0-9]++)?+"
_COUNT = r"(?:[0-9]{1,6}+|1000000)"
# Each day that every year has; not 29 February.
_DAY = (
    "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_TIME = f'"([0-9]{{4}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)"'


# What the pattern takes out of a form, in its order, None where it is not there: lat, lon and
# uncertainty_m (only if the location has these and at most `given` beside them; each is as orjson
# writes a float), observed_at, occurred_start, reported_at, revision, root_id, sensitivity, and
# victims (if there are any). occurred_start and root_id are always there.
Found = tuple[Any, ...]


def look(form: bytes) -> Found | None:
    """Return what was found if some canonical JSON is surely a plain report's.

    What is left to check: that the times are clocks', that the sender may write at the
    sensitivity, that the counts of each victim are in order, and the place.
    """
    # So no text in it is too long.
    if len(form) > MAX_LONG_TEXT:
        return None
    match = _pattern().fullmatch(form)
    return None if match is None else match.groups()


@cache
def _pattern() -> re.Pattern[bytes]:
    return re.compile(_report().encode())


def _report() -> str:
    return _object(
        {
            "actors": _list(_actor(), most=MAX_ACTORS),
            "derived_from": _text(MAX_SHORT_TEXT),
            "event_type": _code("event_type"),
            "exercise": _YES_OR_NO,
            "illustrative": _YES_OR_NO,
            "location": f"(?:{_degrees()}|{_location()})",
            "observed_at": _TIME,
            "occurred_start": _TIME,
            "raw_code": _text(MAX_SHORT_TEXT),
            "record_kind": _code("record_kind"),
            "report_kind": _code("report_kind"),
            "reported_at": _TIME,
            "revision": "([1-9][0-9]{0,3}+)",
            "root_id": f'"({_NAME})"',
            "sensitivity": f'"({_one_of(SENSITIVITY_LEVEL)})"',
            "severity": "[1-5]",
            "source": _source(),
            "supersedes": _KEY,
            # Of any length here: `look` bounds the whole.
            "text": r'"(?:[^"\\]++|\\.)*+"',
            "time_precision": _code("time_precision"),
            "victims": rf"(?:\[\]|({_list(_victim(), most=MAX_VICTIMS)}))",
        },
        required={"occurred_start", "root_id"},
    )


def _degrees() -> str:
    number = r"[0-9]{1,6}+\.[0-9]++"
    return _object(
        {
            "given": _text(MAX_SHORT_TEXT),
            "lat": f"(-?{number})",
            "lon": f"(-?{number})",
            "uncertainty_m": f"({number})",
        },
        required={"lat", "lon", "uncertainty_m"},
    )


def _location() -> str:
    return _object(
        {
            "accuracy_m": _NOT_NEGATIVE,
            "given": _text(MAX_SHORT_TEXT),
            "lat": _NUMBER,
            "lon": _NUMBER,
            "mgrs": _text(MAX_CODE_TEXT),
            "pcode": _text(MAX_CODE_TEXT),
            "place_name": _text(MAX_SHORT_TEXT),
            "precision": _code("loc_precision"),
            "uncertainty_m": _NOT_NEGATIVE,
        }
    )


def _actor() -> str:
    return _object(
        {
            "actor_id": _KEY,
            "name": _text(MAX_SHORT_TEXT),
            "raw_code": _text(MAX_SHORT_TEXT),
            "role": _code("actor_role"),
            "type": _code("actor_type"),
        }
    )


def _victim() -> str:
    return _object(
        {
            "best": _COUNT,
            "estimate": _YES_OR_NO,
            "group": _code("victim_group"),
            "harm": _code("harm"),
            "max": _COUNT,
            "min": _COUNT,
            "population": _code("victim_population"),
        },
        required={"best", "harm"},
    )


def _source() -> str:
    return _object(
        {
            "credibility": _code("credibility"),
            "ref": _KEY,
            "reliability": _code("reliability"),
            "type": _code("source_type"),
        }
    )


# ---------------------------------------------------------------- what patterns are made of


def _object(
    members: Mapping[str, str], *, required: set[str] | frozenset[str] = frozenset()
) -> str:
    """Return the pattern of an object with members in the order of their names."""
    parts = [
        rf'(?:"{name}":{value}(?:,|(?=\}}))){"" if name in required else "?+"}'
        for name, value in sorted(members.items())
    ]
    return rf"\{{{''.join(parts)}\}}"


def _list(item: str, *, most: int) -> str:
    return rf"\[(?:{item}(?:,|(?=\]))){{0,{most}}}+\]"


def _code(name: str) -> str:
    return f'"{_one_of(known(name))}"'


def _one_of(words: Mapping[str, object] | frozenset[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(words)))})"


def _text(most: int) -> str:
    # Bytes, so never more characters than may be.
    return rf'"[^"\\]{{0,{most}}}+"'
