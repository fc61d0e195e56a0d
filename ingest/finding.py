"""What the door noticed about one part of a body, and why it refused a whole one."""

from __future__ import annotations

from dataclasses import dataclass

MAX_POINTER = 400
MAX_DETAIL = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that needs attention: where, which, and what was or should be done about it."""

    pointer: str
    code: str
    detail: str


def pointer(*parts: str | int) -> str:
    """Return the JSON pointer of a place in a body, as a URI fragment, cut to what is stored."""
    steps = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return ("#" + steps)[:MAX_POINTER]


def shown(value: object) -> str:
    """Return a value for a sentence: short, and never the whole of a long text."""
    text = str(value)
    limit = 60
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A body that is not taken in. `code` names its row in the admission table."""

    code: str
    detail: str
    findings: tuple[Finding, ...] = ()
