"""Uncertain places: whether something surely or only possibly lies within a distance.

A place is a point with a radius. Within a distance `D` it is CERTAIN when the whole circle is so
near, POSSIBLE when some of it is; POSSIBLE lowers the flag by one band and the sentence says so.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from processing.fuse.cells import MAX_RADIUS_M
from processing.rules.window import IncidentColumns
from schemas.flag import Band, Certainty


def has_place(lon: float, radius_m: float) -> bool:
    """Say whether a place may enter distance rules: resolved, and not wider than P6 (25 km)."""
    return math.isfinite(lon) and radius_m <= MAX_RADIUS_M


def is_placed(columns: IncidentColumns) -> npt.NDArray[np.bool_]:
    """Say of each row whether its place may enter distance rules."""
    return np.asarray(np.isfinite(columns.lon) & (columns.radius_m <= MAX_RADIUS_M), dtype=np.bool_)


def within(distance_m: float, radius_m: float, *, limit_m: float) -> Certainty | None:
    """Say whether a distance, known to a radius, is within a limit: surely, possibly, or not."""
    if distance_m + radius_m <= limit_m:
        return Certainty.CERTAIN
    if distance_m - radius_m <= limit_m:
        return Certainty.POSSIBLE
    return None


def settle(band: Band, certainty: Certainty) -> Band | None:
    """Return the band that a finding keeps: one less when only possible, none below LOW."""
    if certainty is Certainty.CERTAIN:
        return band
    return Band(band - 1) if band > Band.LOW else None
