"""JSON as it was sent: is it safe to read, and what is its canonical form? Pure.

orjson is fast and strict (no NaN, no infinity, no broken UTF-8) but takes the last of two equal
keys. Both checks that it lacks are first made with counts that can only err on the careful side;
the slow reading happens only when a count does not settle it.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import numpy as np
import orjson

from ingest.finding import Refused, shown
from schemas.codec import canonical

_COLON = ord(":")
# From here on an array of the bytes is worth making.
_LONG = 8_192
_BOM = b"\xef\xbb\xbf"
# A JSON string, also one that never ends. Possessive, so that no input makes it go back.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_NOT_FINITE = re.compile(rb"(?<![\w.])[+-]?(?:nan|inf|infinity)(?!\w)", re.IGNORECASE)


class Parsed(NamedTuple):
    """A document and its canonical bytes."""

    value: Any
    canonical: bytes


class _RepeatedKeyError(Exception):
    """Carries a key that one object has twice."""


def parse(body: bytes, *, max_depth: int) -> Parsed | Refused:
    """Read one JSON value, or say why nobody should.

    A leading byte order mark is ignored. `max_depth` counts nested objects and arrays.
    """
    return too_deep(body, max_depth=max_depth) or read(body)


def too_deep(text: bytes, *, max_depth: int) -> Refused | None:
    """Refuse what nests deeper than a bound, whether it is JSON or not."""
    # No deeper than it has brackets that open; counting these is nearly free.
    if text.count(b"{") + text.count(b"[") <= max_depth:
        return None
    if depth(text, stop_after=max_depth) <= max_depth:
        return None
    return Refused(code="TOO_DEEP", detail=f"Nested more than {max_depth} deep.")


def read(body: bytes) -> Parsed | Refused:
    """Read one JSON value whose depth is bounded before or after this, at latest at 254."""
    text = body.removeprefix(_BOM)
    try:
        value = orjson.loads(text)
        form = canonical(value)
    except orjson.JSONDecodeError as error:
        return _explain(text, error)
    except orjson.JSONEncodeError:
        # All that it reads and can't write is what nests too deep for it.
        return Refused(code="TOO_DEEP", detail="Nested more than 254 deep.")
    if not repeats_no_key(text, form):
        repeated = _repeated_key(text)
        if repeated is not None:
            return Refused(code="DUPLICATE_KEY", detail=f"The key “{repeated}” is there twice.")
    return Parsed(value, form)


def repeats_no_key(text: bytes, form: bytes) -> bool:
    """Say whether surely no object names a key twice, from some JSON and its canonical form.

    Both may be several documents in a row.
    """
    # Each member has its colon, and reading drops a repeated member with all its colons. So if
    # the canonical form has as many, nothing was dropped; only an escaped colon could make up.
    return _colons(text) == _colons(form) and not (b"\\" in text and b"\\u003" in text)


def _colons(text: bytes) -> int:
    if len(text) < _LONG:
        return text.count(b":")
    # Compares many bytes at once, where `count` stops at every colon.
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _COLON))


def depth(text: bytes, *, stop_after: int) -> int:
    """Return how deep objects and arrays nest; counting ends one above `stop_after`."""
    now = deepest = 0
    for bracket in _STRING.sub(b"", text).translate(None, _NO_BRACKETS):
        now += 1 if bracket in b"[{" else -1
        if now > deepest:
            deepest = now
            if deepest > stop_after:
                break
    return deepest


def split_lines(body: bytes) -> list[bytes]:
    """Return the lines of an NDJSON body that are not blank."""
    lines = body.removeprefix(_BOM).split(b"\n")
    return [line for line in lines if line and not line.isspace()]


def split_array(body: bytes, *, max_depth: int, max_items: int) -> list[bytes] | Refused:
    """Return the bytes of the items of a JSON array, each still to be read and judged.

    A fault inside one item (a repeated key, NaN, nesting) stays with it. Only a body whose items
    can't be told apart is refused whole, and one that has too many.
    """
    text = body.removeprefix(_BOM).strip()
    if not text.startswith(b"["):
        return Refused(code="NOT_AN_OBJECT", detail="A batch is an array or lines of objects.")
    whole = parse(text, max_depth=max_depth + 1)
    if isinstance(whole, Parsed):
        if len(whole.value) > max_items:
            return too_many(len(whole.value))
        return [orjson.dumps(item) for item in whole.value]
    items = _cut(text, max_items=max_items)
    return whole if items is None else items


def too_many(count: int) -> Refused:
    """Return the refusal of a batch that holds more reports than one may."""
    return Refused(code="TOO_MANY", detail=f"{count} reports at once, or more.")


def _cut(text: bytes, *, max_items: int) -> list[bytes] | Refused | None:
    """Cut an array at its own commas; None when its brackets or quotes don't close."""
    items: list[bytes] = []
    token = b""
    start, now = 1, 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in (b"[", b"{"):
            now += 1
        elif token in (b"]", b"}"):
            now -= 1
        if (token == b"," and now == 1) or now == 0:
            items.append(text[start : match.start()].strip())
            start = match.end()
        if len(items) > max_items:
            return too_many(len(items))
        if now == 0:
            break
    if now != 0 or token != b"]" or start != len(text):
        return None
    return items


def _repeated_key(text: bytes) -> str | None:
    try:
        json.loads(text, object_pairs_hook=_refuse_repeats)
    except _RepeatedKeyError as error:
        return shown(error)
    return None


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _RepeatedKeyError(key)
        seen.add(key)
    return members


def _explain(text: bytes, error: orjson.JSONDecodeError) -> Refused:
    try:
        text.decode()
    except UnicodeDecodeError as broken:
        return Refused(code="NOT_UTF8", detail=f"Byte {broken.start} is not UTF-8.")
    reason = str(error).partition(":")[0]
    if "surrogate" in reason:
        return Refused(code="NOT_UTF8", detail=f"Half a surrogate pair at character {error.pos}.")
    if "infinity" in reason or _NOT_FINITE.search(_STRING.sub(b'""', text)):
        return Refused(code="NOT_FINITE", detail="A number is NaN, infinite or too large.")
    return Refused(code="SYNTAX", detail=f"Not JSON at line {error.lineno}: {reason}.")
