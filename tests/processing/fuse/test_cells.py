from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from processing.fuse.cells import (
    MAX_RADIUS_M,
    is_fusible,
    radius_steps,
    reach_cells,
    reach_cells_at,
)

GEOD = Geod(ellps="WGS84")
PENTAGONS = sorted(h3.get_pentagons(4))


@st.composite
def anywhere(draw: st.DrawFn) -> tuple[float, float]:
    """A place on Earth: anywhere, or near a pentagon of H3, a pole or the antimeridian."""
    lon = draw(st.floats(-180, 180))
    lat = draw(st.floats(-90, 90))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return lon, lat
    if kind == 1:
        at_lat, at_lon = h3.cell_to_latlng(draw(st.sampled_from(PENTAGONS)))
        return at_lon + lon / 180.0, max(-90.0, min(90.0, at_lat + lat / 90.0))
    if kind == 2:
        return lon, draw(st.sampled_from((-90.0, 90.0))) * (1.0 - abs(lat) / 90_000.0)
    return draw(st.sampled_from((-180.0, 180.0))) * (1.0 - abs(lon) / 180_000.0), lat


class TestReachCells:
    @settings(max_examples=200, deadline=None)
    @given(
        place=anywhere(),
        azimuth=st.floats(0, 360),
        radius_m=st.sampled_from((0.0, 25.0, 100.0, 1_000.0, 3_000.0, 5_000.0, MAX_RADIUS_M)),
        other_m=st.one_of(st.just(MAX_RADIUS_M), st.floats(0, MAX_RADIUS_M)),
    )
    @example((31.6, 4.85), 90.0, MAX_RADIUS_M, MAX_RADIUS_M)
    @example((180.0, 0.0), 90.0, MAX_RADIUS_M, MAX_RADIUS_M)
    @example((0.0, 90.0), 12.0, MAX_RADIUS_M, MAX_RADIUS_M)
    def test_holds_every_place_whose_circle_could_meet(
        self, place: tuple[float, float], azimuth: float, radius_m: float, other_m: float
    ) -> None:
        lon, lat = place
        cell = h3.latlng_to_cell(lat, lon, 4)
        there_lon, there_lat, _ = GEOD.fwd(lon, lat, azimuth, radius_m + other_m)
        there = h3.latlng_to_cell(there_lat, there_lon, 4)
        assert there in reach_cells_at(cell, lon, lat, radius_m)
        assert there in reach_cells(cell, radius_m)

    @settings(max_examples=50, deadline=None)
    @given(place=anywhere(), radius_m=st.floats(0, MAX_RADIUS_M))
    def test_is_mutual_and_holds_itself_and_the_reach_of_its_places(
        self, place: tuple[float, float], radius_m: float
    ) -> None:
        lon, lat = place
        cell = h3.latlng_to_cell(lat, lon, 4)
        reach = reach_cells(cell, radius_m)
        assert cell in reach
        assert reach_cells_at(cell, lon, lat, radius_m) <= reach
        assert all(cell in reach_cells(other, MAX_RADIUS_M) for other in reach)

    def test_grows_with_the_radius_and_stays_small(self) -> None:
        cell = h3.latlng_to_cell(7.0, 30.0, 4)
        sizes = [len(reach_cells(cell, r)) for r in (25.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0)]
        assert sizes == sorted(sizes)
        assert sizes[0] <= 13
        assert sizes[-1] <= 25
        lat, lon = h3.cell_to_latlng(cell)
        assert len(reach_cells_at(cell, lon, lat, 25.0)) <= 7

    @pytest.mark.parametrize("radius_m", [float("nan"), MAX_RADIUS_M + 1.0, float("inf")])
    def test_is_empty_for_a_radius_that_never_fuses(self, radius_m: float) -> None:
        cell = h3.latlng_to_cell(7.0, 30.0, 4)
        assert reach_cells(cell, radius_m) == frozenset()
        assert reach_cells_at(cell, 30.0, 7.0, radius_m) == frozenset()

    def test_is_empty_for_an_unresolved_place(self) -> None:
        assert reach_cells(0, 25.0) == frozenset()
        assert reach_cells_at(0, float("nan"), float("nan"), 25.0) == frozenset()

    def test_rounds_radii_up_to_steps(self) -> None:
        steps = radius_steps(np.array([0.0, 25.0, 100.0, 100.1, 4_999.0, 25_000.0]))
        assert steps.tolist() == [100.0, 100.0, 100.0, 1_000.0, 5_000.0, 25_000.0]


def test_only_resolved_places_of_at_most_25_km_are_fusible() -> None:
    nan = float("nan")
    lon = np.array([30.0, 30.0, 30.0, nan, 30.0])
    lat = np.array([7.0, 7.0, 7.0, nan, nan])
    radius_m = np.array([25_000.0, 25_000.1, nan, 25.0, 25.0])
    assert is_fusible(lon, lat, radius_m).tolist() == [True, False, False, False, False]
