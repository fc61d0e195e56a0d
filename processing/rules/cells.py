"""Which H3 cells surely hold every point within a reach: supersets, proved by test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import h3.api.basic_int as h3
import numpy as np

from schemas.geometry import (
    EARTH_RADIUS_M,
    SPHERE_MARGIN,
    FloatArray,
    unit_xyz,
)

WINDOW_RESOLUTION = 4

# Reaches are measured from a cell of this resolution (about 4 km), so that neighbours share
# one answer: a busy town asks once.
_ORIGIN_RESOLUTION = 6

# The smallest distance between neighbouring cells is 0.6 of the mean one (next to a pentagon).
_SMALLEST = 0.6

# An edge is a geodesic and may bulge beyond its corners' circle by rounding only.
_SLACK_M = 10.0


# The same incidents are looked at batch after batch.
@lru_cache(maxsize=65_536)
def cell_of(lon: float, lat: float, resolution: int) -> int:
    """Return the cell of a point as an integer that fits a signed 64-bit column."""
    return int(h3.latlng_to_cell(lat, lon, resolution))


@lru_cache(maxsize=16_384)
def cell_text(cell: int) -> str:
    """Return the usual hexadecimal name of a cell."""
    return str(h3.int_to_str(cell))


def cell_circle(cell: int) -> tuple[float, float, float]:
    """Return lon, lat and the metres to the farthest corner of a cell."""
    return _circle(cell)


def cover(
    lon: float, lat: float, reach_m: float, *, resolution: int = WINDOW_RESOLUTION
) -> frozenset[int]:
    """Return the cells that hold every point within a reach of a point, and a few more."""
    origin = cell_of(lon, lat, max(_ORIGIN_RESOLUTION, resolution))
    return _cover(origin, reach_m, resolution)


def polygon_cells(geometry: Mapping[str, Any]) -> frozenset[int]:
    """Return the cells of resolution 4 that touch a GeoJSON polygon or multipolygon."""
    shape = h3.geo_to_h3shape(geometry)
    return frozenset(h3.h3shape_to_cells_experimental(shape, WINDOW_RESOLUTION, contain="overlap"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Disk:
    """The cells around one cell: their centres on the unit sphere and their circumradii."""

    cells: tuple[int, ...]
    centres: FloatArray
    radius_m: FloatArray


@lru_cache(maxsize=65_536)
def _cover(origin: int, reach_m: float, resolution: int) -> frozenset[int]:
    lon, lat, radius_m = _circle(origin)
    far_m = reach_m + radius_m + _SLACK_M
    mean_m = h3.average_hexagon_edge_length(resolution, unit="m") * math.sqrt(3)
    steps = math.ceil((far_m + mean_m) / (mean_m * _SMALLEST))
    disk = _disk(cell_of(lon, lat, resolution), steps)
    away_m = _sphere_m(disk.centres, unit_xyz(lon, lat)[0])
    near = away_m <= (far_m + disk.radius_m) * SPHERE_MARGIN
    return frozenset(c for c, is_near in zip(disk.cells, near.tolist(), strict=True) if is_near)


@lru_cache(maxsize=8_192)
def _disk(cell: int, steps: int) -> _Disk:
    cells = tuple(h3.grid_disk(cell, steps))
    circles = np.array([_circle(one) for one in cells])
    return _Disk(
        cells=cells, centres=unit_xyz(circles[:, 0], circles[:, 1]), radius_m=circles[:, 2]
    )


@lru_cache(maxsize=65_536)
def _circle(cell: int) -> tuple[float, float, float]:
    lat, lon = h3.cell_to_latlng(cell)
    centre = _xyz(lon, lat)
    # Six corners: arrays would cost five times as much.
    chords = (math.dist(centre, _xyz(*corner[::-1])) for corner in h3.cell_to_boundary(cell))
    apart_m = 2.0 * EARTH_RADIUS_M * math.asin(min(max(chords) / 2.0, 1.0))
    return float(lon), float(lat), apart_m * SPHERE_MARGIN + _SLACK_M


def _xyz(lon: float, lat: float) -> tuple[float, float, float]:
    lam, phi = math.radians(lon), math.radians(lat)
    cos_phi = math.cos(phi)
    return cos_phi * math.cos(lam), cos_phi * math.sin(lam), math.sin(phi)


def _sphere_m(points: FloatArray, point: FloatArray) -> FloatArray:
    apart = points - point
    half = np.sqrt(np.einsum("ij,ij->i", apart, apart)) / 2.0
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.minimum(half, 1.0)), dtype=np.float64)
