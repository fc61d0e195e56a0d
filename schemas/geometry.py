"""WGS 84 positions, longitude before latitude, and geodesic distance.

Distances are geodesic metres on the WGS 84 ellipsoid (Karney 2013, through PROJ); degrees are
never distances. Nearest neighbours are searched on the unit sphere, where order is exact enough
to choose candidates, and confirmed geodesically.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import Geod

FloatArray = npt.NDArray[np.float64]

# IUGG mean radius. A great circle on it differs from the geodesic by at most 0.56 %.
EARTH_RADIUS_M = 6_371_008.8
# Margin for choosing candidates on the sphere before the geodesic test.
SPHERE_MARGIN = 1.006

LON_LIMIT = 180.0
LAT_LIMIT = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A WGS 84 position in decimal degrees."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundingBox:
    """West, south, east, north in degrees. West > east means it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, lon: float, lat: float) -> bool:
        """Say whether a position lies in the box, edges included."""
        if not self.south <= lat <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= lon <= self.east
        return lon >= self.west or lon <= self.east


@cache
def _geod() -> Geod:
    return Geod(ellps="WGS84")


def geodesic_m(a: Position, b: Position) -> float:
    """Return the geodesic distance in metres."""
    return float(_geod().inv(a.lon, a.lat, b.lon, b.lat)[2])


def geodesic_m_many(lon_a: Any, lat_a: Any, lon_b: Any, lat_b: Any) -> FloatArray:  # noqa: ANN401 - anything array-like
    """Return geodesic distances in metres, pair by pair (arrays of one shape)."""
    a, b, c, d = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (lon_a, lat_a, lon_b, lat_b))
    )
    if a.size == 0:
        return np.empty(a.shape, dtype=np.float64)
    return np.asarray(_geod().inv(a, b, c, d)[2], dtype=np.float64)


def unit_xyz(lon: Any, lat: Any) -> FloatArray:  # noqa: ANN401 - anything array-like
    """Return points on the unit sphere, shape (n, 3), for a k-d tree."""
    if isinstance(lon, float) and isinstance(lat, float):
        return _one_xyz(lon, lat)
    lam = np.radians(np.asarray(lon, dtype=np.float64))
    phi = np.radians(np.asarray(lat, dtype=np.float64))
    cos_phi = np.cos(phi)
    return np.column_stack((cos_phi * np.cos(lam), cos_phi * np.sin(lam), np.sin(phi)))


def _one_xyz(lon: float, lat: float) -> FloatArray:
    # One point alone: arrays would cost ten times as much.
    lam, phi = math.radians(lon), math.radians(lat)
    cos_phi = math.cos(phi)
    return np.array([[cos_phi * math.cos(lam), cos_phi * math.sin(lam), math.sin(phi)]])


def chord(distance_m: float) -> float:
    """Return the chord on the unit sphere that surely reaches as far as a geodesic distance."""
    angle = min(distance_m * SPHERE_MARGIN / EARTH_RADIUS_M, math.pi)
    return 2.0 * math.sin(angle / 2.0)


def is_position(lon: float, lat: float) -> bool:
    """Say whether two numbers are a finite WGS 84 position."""
    return (
        math.isfinite(lon)
        and math.isfinite(lat)
        and -LON_LIMIT <= lon <= LON_LIMIT
        and -LAT_LIMIT <= lat <= LAT_LIMIT
    )
