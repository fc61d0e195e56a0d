"""The token of a receipt: by it whoever reads waits until a report was processed.

It names where the report lies in the log of its node and the report's id. The id alone would not do
for what is set aside, which has none in the database; the place alone would not for a report that
was sent to two nodes, of which one place is stored. It says nothing that the receipt does not.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MAX_LENGTH: Final = 96
_TOKEN: Final = re.compile(
    r"([a-z0-9][a-z0-9-]{2,31}):([1-9][0-9]{0,17}):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.ASCII,
)


class Awaited(NamedTuple):
    """A report that somebody waits for."""

    node: str
    position: int
    report_id: str


def write_token(node: str, position: int | str, report_id: str) -> str:
    """Return the token of a report. A position that is text is a place to fill in."""
    return f"{node}:{position}:{report_id}"


def read_token(text: str) -> Awaited | None:
    """Return what a token names; None for what `write_token` never wrote."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else Awaited(found[1], int(found[2]), found[3])
