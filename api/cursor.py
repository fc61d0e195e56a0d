"""Opaque places in a list: where the next page starts.

A cursor holds the key of the last row that was sent, in an order that later changes of a row do
not touch, so that every row that was there is met once however much is added meanwhile. It needs
no signature: it can only say where to go on in what the caller may see anyway.
"""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

import orjson

from api.problems import ProblemError, bad_parameter

_MAX_CHARACTERS = 200


def write_cursor(*key: str | int) -> str:
    """Return the cursor after the row with a key."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def read_id(text: str | None) -> str | None:
    """Return the id in a cursor of a list that is ordered by id. Raises a 400."""
    if text is None:
        return None
    match _values(text):
        case [str(value)] if is_id(value):
            return value
        case _:
            raise _not_ours()


def read_numbers(text: str | None) -> tuple[int, int] | None:
    """Return the two numbers in a cursor of a list that is ordered by two. Raises a 400."""
    if text is None:
        return None
    match _values(text):
        case [int(first), int(second)] if max(abs(first), abs(second)) < 2**31:
            return first, second
        case _:
            raise _not_ours()


def is_id(text: str) -> bool:
    """Say whether a text is an id as we write them: anything else names nothing."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _values(text: str) -> object:
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        raise _not_ours()
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return orjson.loads(data)
    except (binascii.Error, ValueError) as error:
        raise _not_ours() from error


def _not_ours() -> ProblemError:
    return bad_parameter("cursor", "take the cursor from the `next` link of the page before")
