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

# What a name stands for when the report does not say how near to the place it was.
VILLAGE_M = RADIUS_M["P3"]
# An admin area without an outline.
COUNTY_M = RADIUS_M["P6"]


def precision_of(radius_m: float) -> str:
    """Return the finest precision code whose radius holds a radius; P7 for NaN."""
    for code, limit_m in RADIUS_M.items():
        if radius_m <= limit_m:
            return code
    return COARSEST
