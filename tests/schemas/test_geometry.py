import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.geometry import (
    BoundingBox,
    Position,
    chord,
    geodesic_m,
    geodesic_m_many,
    is_position,
    unit_xyz,
)

LON = st.floats(-180, 180)
LAT = st.floats(-90, 90)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        # One degree of longitude and of latitude at the equator, WGS 84.
        ((0, 0), (1, 0), 111_319.491),
        ((0, 0), (0, 1), 110_574.389),
        # Over the antimeridian and over the pole.
        ((179.5, 0), (-179.5, 0), 111_319.491),
        ((0, 89.5), (180, 89.5), 111_693.9),
        ((31.6, 4.85), (31.6, 4.85), 0.0),
    ],
)
def test_geodesics_are_those_of_wgs_84(
    a: tuple[float, float], b: tuple[float, float], metres: float
) -> None:
    found = geodesic_m(Position(lon=a[0], lat=a[1]), Position(lon=b[0], lat=b[1]))
    assert found == pytest.approx(metres, abs=0.5)


def test_many_geodesics_of_none_are_none() -> None:
    assert geodesic_m_many([], [], [], []).shape == (0,)


@given(LON, LAT, LON, LAT)
def test_the_chord_of_a_distance_surely_reaches(
    lon_a: float, lat_a: float, lon_b: float, lat_b: float
) -> None:
    distance = float(geodesic_m_many(lon_a, lat_a, lon_b, lat_b))
    a, b = unit_xyz([lon_a, lon_b], [lat_a, lat_b])
    assert float(np.linalg.norm(a - b)) <= chord(distance) + 1e-9


@given(LON, LAT)
def test_a_point_alone_lies_where_it_lies_among_others(lon: float, lat: float) -> None:
    alone, among = unit_xyz(lon, lat), unit_xyz([lon, 0.0], [lat, 0.0])
    assert alone.shape == (1, 3)
    np.testing.assert_allclose(alone[0], among[0], rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("lon", "lat", "inside"),
    [(179, 0, True), (-179, 0, True), (0, 0, False), (175, 0, True), (179, 11, False)],
)
def test_a_box_may_cross_the_antimeridian(lon: float, lat: float, *, inside: bool) -> None:
    assert BoundingBox(west=175, south=-10, east=-175, north=10).contains(lon, lat) is inside


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 181.0])
def test_what_is_no_longitude_is_no_position(wrong: float) -> None:
    assert not is_position(wrong, 0.0)
    assert is_position(180.0, -90.0)
