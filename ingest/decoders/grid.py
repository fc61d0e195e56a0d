"""Grid references (MGRS) to degrees. Pure."""

from __future__ import annotations

import math
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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
# The longest reference: zone, band, square and ten digits.
_WIDTH = 15
# How many places are remembered: patrols report from the same ones.
_MOST = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPoint:
    """The middle of a grid square, and half its diagonal as the uncertainty."""

    lon: float
    lat: float
    half_diagonal_m: float
    reference: str


_learnt: dict[tuple[str, str | None], GridPoint] = {}


def decode_mgrs(text: str, default_zone: str | None = None) -> GridPoint | None:
    """Return the place of a grid reference; None if it is none.

    Spaces and lower case are accepted. A reference without its zone ("NG 9398 7262") is read in
    `default_zone` ("36N") if the mission has one. 0, 2, 4, 6, 8 or 10 digits mean squares of
    100 km to 1 m.
    """
    return _learnt.get((text, default_zone)) or _decode(text, default_zone)


def learn_mgrs(texts: Sequence[str], default_zone: str | None = None) -> None:
    """Decode several grid references at once; `decode_mgrs` then knows them, if all are in order.

    The library lets go of the interpreter at each call, and then waits for it.
    """
    squares = [square for text in texts if (square := _square(text, default_zone)) is not None]
    if len(squares) < len(texts):
        return
    codes = b"".join([square.reference.encode().ljust(_WIDTH) for square in squares])
    degrees = _ask(lambda: MGRS().toLatLonArray(codes, width=_WIDTH))
    if degrees is None:
        return
    points = map(_point, squares, degrees[1::2], degrees[::2])
    if len(_learnt) > _MOST:
        _learnt.clear()
    for text, point in zip(texts, points, strict=True):
        if point is not None:
            _learnt[text, default_zone] = point


@lru_cache(maxsize=_MOST)
def _decode(text: str, default_zone: str | None) -> GridPoint | None:
    square = _square(text, default_zone)
    if square is None:
        return None
    degrees = _ask(lambda: MGRS().toLatLon(square.reference))
    return None if degrees is None else _point(square, degrees[1], degrees[0])


class _Square(NamedTuple):
    """A grid reference in its usual form, and the length of its square's side."""

    reference: str
    side_m: float


def _square(text: str, default_zone: str | None) -> _Square | None:
    reference = "".join(text.split()).upper()
    if default_zone is not None and _WITHOUT_ZONE.fullmatch(reference):
        reference = default_zone + reference
    match = _FORM.fullmatch(reference)
    if match is None or match["zone"] is None or len(match["digits"]) % 2:
        return None
    return _Square(reference, _SQUARE_M / 10 ** (len(match["digits"]) // 2))


def _point(square: _Square, lon: float, lat: float) -> GridPoint | None:
    if not is_position(lon, lat):
        return None
    half_m = square.side_m / math.sqrt(2.0)
    return GridPoint(lon=lon, lat=lat, half_diagonal_m=half_m, reference=square.reference)


def _ask(question: Callable[[], Sequence[float]]) -> Sequence[float] | None:
    """Return the middles of squares, latitudes first: the library gives those, not the corners.

    It warns of a square that does not lie in its band: then one of the two is wrong.
    """
    try:
        with _library, warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return question()
    except (MGRSError, RuntimeWarning):
        return None
