"""The edges of polygons that are borders, in pieces that are straight on the ground."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely

from schemas.geometry import EARTH_RADIUS_M, LAT_LIMIT, LON_LIMIT

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# A great circle and a line in degrees differ by a quarter of a percent in length over a degree.
_MAX_STEP_DEG = 1.0
_METRES_A_DEGREE = 111_195.0
# Closer to a pole an edge is a few metres long whatever its degrees.
_HIGHEST_LAT = 89.99
_SEAM_DECIMALS = 9


def edges_of(polygons: npt.NDArray[np.object_], *, slack_m: float) -> tuple[FloatArray, IntArray]:
    """Return pieces of the borders as rows (lon, lat, lon, lat), and the polygon of each.

    Where a polygon goes on beyond ±180° its edges along that meridian are a cut of the map and no
    border; so are edges along lat ±90. A piece leaves the great circle between its ends by at most
    `slack_m`. Pieces of one edge follow each other.
    """
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    vertices, vertex_ring = shapely.get_coordinates(rings, return_index=True)
    joined = vertex_ring[1:] == vertex_ring[:-1]
    ends = np.hstack((vertices[:-1], vertices[1:]))[joined]
    owner = np.asarray(part_owner[ring_part[vertex_ring[:-1][joined]]], dtype=np.int64)
    return _densified(*_borders(ends, owner), slack_m=slack_m)


def _borders(ends: FloatArray, owner: IntArray) -> tuple[FloatArray, IntArray]:
    on_seam = (np.abs(ends[:, 0]) == LON_LIMIT) & (ends[:, 0] == ends[:, 2])
    at_pole = (np.abs(ends[:, 1]) == LAT_LIMIT) & (ends[:, 1] == ends[:, 3])
    plain = ~(on_seam | at_pole)
    if not on_seam.any():
        return ends[plain], owner[plain]
    found = [
        (piece, polygon)
        for polygon in np.unique(owner[on_seam]).tolist()
        for piece in _one_sided(ends[on_seam & (owner == polygon)])
    ]
    pieces = np.array([piece for piece, _ in found], dtype=np.float64).reshape(-1, 4)
    owners = np.array([polygon for _, polygon in found], dtype=np.int64)
    return np.vstack((ends[plain], pieces)), np.append(owner[plain], owners)


def _one_sided(ends: FloatArray) -> Iterator[tuple[float, float, float, float]]:
    """Yield what a polygon has along ±180° on one side of the map only: there it ends."""
    # Each side was cut by its own computation: let rounding make no difference.
    lat = np.round(ends[:, [1, 3]], _SEAM_DECIMALS)
    lines = {
        side: shapely.union_all([shapely.LineString([(0.0, a), (0.0, b)]) for a, b in lat[at]])
        for side in (-LON_LIMIT, LON_LIMIT)
        for at in (ends[:, 0] == side,)
    }
    for side, line in lines.items():
        for part in shapely.get_parts(line.difference(lines[-side])):
            if not part.is_empty:
                (_, start), *_, (_, end) = part.coords
                yield side, start, side, end


def _densified(ends: FloatArray, owner: IntArray, *, slack_m: float) -> tuple[FloatArray, IntArray]:
    """Cut long edges: at latitude phi a length L leaves the great circle by L² tan(phi) / 8R."""
    lat = np.minimum(np.maximum(np.abs(ends[:, 1]), np.abs(ends[:, 3])), _HIGHEST_LAT)
    slope = np.maximum(np.tan(np.radians(lat)), 1e-6)
    longest_m = np.sqrt(8.0 * EARTH_RADIUS_M * slack_m / slope)
    longest_deg = np.minimum(
        longest_m / (_METRES_A_DEGREE * np.cos(np.radians(lat))), _MAX_STEP_DEG
    )
    wide_deg, high_deg = np.abs(ends[:, 2] - ends[:, 0]), np.abs(ends[:, 3] - ends[:, 1])
    pieces = np.ceil(np.maximum(wide_deg / longest_deg, high_deg / _MAX_STEP_DEG))
    pieces = np.maximum(pieces, 1).astype(np.int64)
    edge = np.repeat(np.arange(len(ends)), pieces)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start = ends[edge, :2]
    whole = ends[edge, 2:] - start
    share = pieces[edge, None]
    first = start + whole * (number[:, None] / share)
    last = start + whole * ((number[:, None] + 1) / share)
    return np.hstack((first, last)), owner[edge]
