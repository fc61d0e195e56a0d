"""Which Content-Types the door reads. Pure.

Field devices send JSON under many names (curl says it is a form); only what is plainly another
format is refused.
"""

from __future__ import annotations

_JSON = frozenset(
    {
        "",
        "application/json",
        "text/json",
        "text/plain",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
    }
)
_LINES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)


def media_type(header: str | None) -> str:
    """Return the type without its parameters, in lower case."""
    return (header or "").partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    """Say whether a body of this type may be one JSON value."""
    return media in _JSON or media.endswith("+json")


def is_lines(media: str) -> bool:
    """Say whether a body of this type is JSON values, one a line."""
    return media in _LINES
