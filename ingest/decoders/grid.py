"""Grid references (MGRS) to degrees. Pure."""

from __future__ import annotations

import math
import re
import threading
import warnings
from dataclasses import dataclass
from functools import lru_cache

from mgrs import MGRS
from mgrs.core import MGRSError

from schemas.geometry import is_position

# Zone, band, square, then 0 to 10 digits. I and O are not used. Polar squares have no zone and
# lie in no mission.
_FORM = re.compile(
    r"(?P<zone>\d{1,2})?(?P<band>[C-HJ-NP-X])(?P<square>[A-HJ-NP-Z]{2})(?P<digits>\d{0,10})"
)
_WITHOUT_ZONE = re.compile(r"[A-HJ-NP-Z]{2}\d{2,10}")
_SQUARE_M = 100_000.0

# GEOTRANS, which the library wraps, keeps the ellipsoid and the projection of a call in C globals.
_library = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPoint:
    """The middle of a grid square, and half its diagonal as the uncertainty."""

    lon: float
    lat: float
    half_diagonal_m: float
    reference: str


@lru_cache(maxsize=4_096)
def decode_mgrs(text: str, default_zone: str | None = None) -> GridPoint | None:
    """Return the place of a grid reference; None if it is none.

    Spaces and lower case are accepted. A reference without its zone ("NG 9398 7262") is read in
    `default_zone` ("36N") if the mission has one. 0, 2, 4, 6, 8 or 10 digits mean squares of
    100 km to 1 m.
    """
    reference = "".join(text.split()).upper()
    if default_zone is not None and _WITHOUT_ZONE.fullmatch(reference):
        reference = default_zone + reference
    match = _FORM.fullmatch(reference)
    if match is None or match["zone"] is None or len(match["digits"]) % 2:
        return None
    middle = _degrees(reference)
    if middle is None:
        return None
    lon, lat = middle
    side_m = _SQUARE_M / 10 ** (len(match["digits"]) // 2)
    return GridPoint(lon=lon, lat=lat, half_diagonal_m=side_m / math.sqrt(2.0), reference=reference)


def _degrees(reference: str) -> tuple[float, float] | None:
    """Return the middle of a square: the library gives that, not the corner.

    It warns of a square that does not lie in its band: then one of the two is wrong.
    """
    try:
        with _library, warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            lat, lon = MGRS().toLatLon(reference)
    except (MGRSError, RuntimeWarning):
        return None
    return (lon, lat) if is_position(lon, lat) else None
