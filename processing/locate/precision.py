"""Precision codes and their radii: how far from the stated point the true place may lie.

The radii are those of `domain/codes` B.17: P1 a satellite fix, P2 a grid reference, P3 a village,
P4 near a village, P5 an admin level 3 area, P6 a county. P7, a state or worse, has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RADIUS_M: Mapping[str, float] = MappingProxyType(
    {
        "P1": 25.0,
        "P2": 100.0,
        "P3": 1_000.0,
        "P4": 5_000.0,
        "P5": 10_000.0,
        "P6": 25_000.0,
    }
)
COARSEST = "P7"

# Where nobody said how exact: typed degrees are as good as a grid reference; an MGRS reference
# whose digits nobody counted may be a 1 km square (half its diagonal is 707 m); a name is a
# village.
_DEFAULT_RADIUS_M: Mapping[str, float] = MappingProxyType(
    {
        "degrees": RADIUS_M["P2"],
        "mgrs": RADIUS_M["P3"],
        "place_name": RADIUS_M["P3"],
        "pcode": RADIUS_M["P6"],
    }
)


def precision_of(radius_m: float) -> str:
    """Return the finest precision code whose radius holds a radius; P7 for NaN."""
    for code, limit_m in RADIUS_M.items():
        if radius_m <= limit_m:
            return code
    return COARSEST


def default_radius_m(place_from: str) -> float:
    """Return the radius of a place that states none, by how it was given."""
    return _DEFAULT_RADIUS_M.get(place_from, RADIUS_M["P3"])
