from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from processing.rules.cells import cell_of, cover, polygon_cells
from processing.rules.layers import Areas, areas_of, extent_m
from processing.rules.places import cell_key, keys_of, keys_within
from tests.processing.rules.desk import cell4
from tests.processing.rules.incidents import columns, incident
from tests.processing.rules.small_layers import BOXES, LAYERS, POC_SITE, TOWN, rectangle

GEOD = Geod(ellps="WGS84")
LON = st.floats(-180, 180)
LAT = st.floats(-89, 89)
BEARING = st.floats(0, 360)
SHARE = st.floats(0, 1)


@pytest.mark.parametrize(("resolution", "reach_m"), [(4, 1_000.0), (4, 45_000.0), (5, 10_000.0)])
@given(lon=LON, lat=LAT, bearing=BEARING, share=SHARE)
def test_a_cover_holds_every_point_within_reach(
    resolution: int, reach_m: float, lon: float, lat: float, bearing: float, share: float
) -> None:
    far_lon, far_lat, _ = GEOD.fwd(lon, lat, bearing, reach_m * share)
    assert cell_of(far_lon, far_lat, resolution) in cover(lon, lat, reach_m, resolution=resolution)


def test_a_cover_is_not_much_larger_than_it_must() -> None:
    assert len(cover(30.5, 8.5, 1_000)) <= 3
    assert len(cover(30.5, 8.5, 45_000)) <= 14


@given(lon=st.floats(30, 32, exclude_max=True), lat=st.floats(8, 10, exclude_max=True))
def test_the_cells_of_a_county_hold_every_point_of_it(lon: float, lat: float) -> None:
    areas = areas_of(LAYERS)
    county = next(
        code
        for code, (west, south, east, north) in BOXES.items()
        if west <= lon < east and south <= lat < north
    )
    assert h3.latlng_to_cell(lat, lon, 4) in areas.cells4(county)


def test_a_small_polygon_touches_a_cell_although_it_holds_no_centre() -> None:
    assert polygon_cells(rectangle(30.5, 8.5, 30.501, 8.501))


class TestAreas:
    def test_are_made_once_for_the_same_layers(self) -> None:
        assert areas_of(LAYERS) is areas_of(LAYERS)

    def test_name_and_parent_fall_back_on_what_is_known(self) -> None:
        areas = Areas(LAYERS)
        assert (areas.name("SS0101"), areas.parent("SS0101")) == ("Karo County", "SS01")
        assert (areas.name("XX"), areas.parent("XX"), areas.cells4("XX")) == ("XX", "", frozenset())

    def test_a_feature_reaches_to_its_radius_or_its_farthest_corner(self) -> None:
        assert extent_m(POC_SITE) == 1_000.0
        county = areas_of(LAYERS).get("SS0101")
        assert county is not None
        assert extent_m(county) == pytest.approx(78_100, rel=0.01)


class TestPlaceKeys:
    def test_are_those_of_the_nearest_named_place_or_of_a_cell(self) -> None:
        rows = columns(
            [
                incident("a", at=(30.5, 8.5)),
                incident("b", at=(30.525, 8.525)),
                incident("c", at=(30.5, 8.3)),
                incident("d", at=None, adm1="SS01"),
            ]
        )
        town, site, cell, area = keys_of(rows, range(4), LAYERS)
        assert (town, site, area) == (TOWN.feature_id, POC_SITE.feature_id, "area:SS01")
        assert cell == cell_key(30.5, 8.3)

    def test_a_site_that_does_not_exist_yet_gives_no_name(self) -> None:
        rows = columns([incident(at=(30.525, 8.525), day=3)])
        assert keys_of(rows, [0], LAYERS) == [TOWN.feature_id]

    @given(
        lon=st.floats(30.3, 30.7),
        lat=st.floats(8.3, 8.7),
        bearings=st.tuples(BEARING, BEARING),
        shares=st.tuples(SHARE, SHARE),
        day=st.integers(8, 12),
    )
    def test_within_reach_hold_every_key_and_what_those_reach(
        self,
        lon: float,
        lat: float,
        bearings: tuple[float, float],
        shares: tuple[float, float],
        day: int,
    ) -> None:
        """From a to b, and from b to c, are up to 10 km: a's keys hold b's, and its cells c."""
        b = GEOD.fwd(lon, lat, bearings[0], 10_000 * shares[0])[:2]
        c = GEOD.fwd(*b, bearings[1], 10_000 * shares[1])[:2]
        rows = columns([incident("b", at=b, day=day)])
        days = range(int(rows.day[0]) - 1, int(rows.day[0]) + 2)
        found = keys_within(lon, lat, 10_000.0, days=days, layers=LAYERS)
        (key,) = keys_of(rows, [0], LAYERS)
        assert key in found
        assert cell4(incident("c", at=c)) in found[key]


def test_a_place_key_does_not_depend_on_the_rows_beside_it() -> None:
    one = incident("a", at=(30.525, 8.525))
    beside = [incident(name, at=(30.5, 8.5)) for name in "bcd"]
    rows = columns([one, *beside])
    assert keys_of(rows, [0], LAYERS) == keys_of(columns([one]), [0], LAYERS)
    assert np.isfinite(rows.lon).all()
