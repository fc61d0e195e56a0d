"""Which H3 cells (resolution 4) must be read to fuse a report: a superset that is proved by test.

Only radii up to `MAX_RADIUS_M` take part in fusing, so whatever a report could meet has its point
within the report's own radius plus that. A cell may hold such a point only if its centre is as
near as that plus the cell's circumradius.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

from schemas.geometry import EARTH_RADIUS_M, SPHERE_MARGIN, FloatArray, unit_xyz

IntArray = npt.NDArray[np.int64]

# P6 of code list `loc_precision`; P7 and anything wider never takes part in proximity.
MAX_RADIUS_M = 25_000.0

# No point outside this disk is within 71 km of its middle cell (the worst on Earth, next to a
# pentagon); the widest reach is 50 km.
_DISK = 3

# Reaches are kept for a few radii only, so that the cache stays small: a radius is rounded up.
_STEPS_M = (100.0, 1_000.0, 5_000.0, 10_000.0, MAX_RADIUS_M)

# Covers rounding at a cell's edge and the rounding of the sphere's trigonometry.
_SLACK_M = 1.0


@dataclass(frozen=True, slots=True)
class _Disk:
    """The cells around one cell: their centres on the unit sphere and their circumradii."""

    cells: tuple[int, ...]
    centres: FloatArray
    circumradius_m: FloatArray


def is_fusible(lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which places may meet others: resolved, and no wider than `MAX_RADIUS_M`."""
    resolved = np.isfinite(lon) & np.isfinite(lat)
    return np.asarray(resolved & (radius_m <= MAX_RADIUS_M), dtype=np.bool_)


# Radii of the precision codes and the steps are asked for again and again.
@lru_cache(maxsize=65_536)
def reach_cells(cell4: int, radius_m: float) -> frozenset[int]:
    """Return every cell that may hold a report that one in this cell could meet.

    The cell itself is among them. Wider radii than `MAX_RADIUS_M`, NaN and cell 0 (unresolved)
    reach nothing: such a report fuses with no other.
    """
    if cell4 == 0 or not radius_m <= MAX_RADIUS_M:
        return frozenset()
    return _reach_of_cell(cell4, next(step for step in _STEPS_M if radius_m <= step))


def reach_cells_at(cell4: int, lon: float, lat: float, radius_m: float) -> frozenset[int]:
    """Return the cells among `reach_cells` that may hold one it meets, given the exact place."""
    if cell4 == 0 or not radius_m <= MAX_RADIUS_M:
        return frozenset()
    disk = _disk(cell4)
    reach_m = radius_m + MAX_RADIUS_M
    is_near = _sphere_m(disk.centres, unit_xyz(lon, lat)[0]) <= _bound_m(reach_m, disk)
    return frozenset(cell for cell, near in zip(disk.cells, is_near, strict=True) if near)


def radius_steps(radius_m: FloatArray) -> FloatArray:
    """Return the radii rounded up to the few that `reach_cells` tells apart."""
    steps = np.array(_STEPS_M)
    return steps[np.searchsorted(steps, radius_m, side="left")]


def _bound_m(reach_m: float, disk: _Disk) -> FloatArray:
    bound: FloatArray = reach_m * SPHERE_MARGIN + disk.circumradius_m + _SLACK_M
    return bound


def _sphere_m(points: FloatArray, point: FloatArray) -> FloatArray:
    half = np.linalg.norm(points - point, axis=1) / 2.0
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.minimum(half, 1.0)), dtype=np.float64)


@lru_cache(maxsize=65_536)
def _reach_of_cell(cell4: int, step_m: float) -> frozenset[int]:
    disk = _disk(cell4)
    bound_m = _bound_m(step_m + MAX_RADIUS_M, disk) + disk.circumradius_m[0]
    is_near = _sphere_m(disk.centres, disk.centres[0]) <= bound_m
    return frozenset(cell for cell, near in zip(disk.cells, is_near, strict=True) if near)


@lru_cache(maxsize=8_192)
def _disk(cell4: int) -> _Disk:
    around = (cell for cell in h3.grid_disk(cell4, _DISK) if cell != cell4)
    cells = (cell4, *sorted(around))
    corners = [_centre_and_radius(cell) for cell in cells]
    return _Disk(
        cells=cells,
        centres=np.stack([centre for centre, _ in corners]),
        circumradius_m=np.array([radius for _, radius in corners]),
    )


@lru_cache(maxsize=65_536)
def _centre_and_radius(cell: int) -> tuple[FloatArray, float]:
    lat, lon = h3.cell_to_latlng(cell)
    centre = unit_xyz(lon, lat)[0]
    boundary = np.array(h3.cell_to_boundary(cell))
    corners = unit_xyz(boundary[:, 1], boundary[:, 0])
    return centre, min(float(_sphere_m(corners, centre).max()), math.pi * EARTH_RADIUS_M)
