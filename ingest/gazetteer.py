"""What the door knows of places: enough to warn, never enough to refuse."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from schemas.geometry import BoundingBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """The mission's area of interest, its P-codes and its zone; replaced whole when they change.

    Without an `area` no place is outside of it; without `pcodes` no P-code is unknown.
    `mgrs_zone` ("36N") completes grid references that were sent without their zone.
    """

    zone: ZoneInfo
    area: BoundingBox | None = None
    pcodes: frozenset[str] = frozenset()
    mgrs_zone: str | None = None
