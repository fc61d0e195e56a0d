"""Circles in areas, against points drawn in the circles and against densely cut borders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from processing.locate.areas import AreaIndex, Held, covering_radius_m, polygon_of
from processing.locate.layers import LayerSet
from processing.locate.repair import repaired
from schemas.geometry import geodesic_m_many
from schemas.layer import Feature
from tests.processing.locate.scenes import area, point

FloatArray = npt.NDArray[np.float64]
GEOD = Geod(ellps="WGS84")


def grid(west: float, south: float, step: float, count: int) -> dict[str, BaseGeometry]:
    """Equal boxes side by side, folded at ±180°."""
    return {
        f"c{i}{j}": repaired(
            box(west + i * step, south + j * step, west + (i + 1) * step, south + (j + 1) * step)
        ).geometry
        for i in range(count)
        for j in range(count)
    }


def polar_slices(count: int) -> dict[str, BaseGeometry]:
    step = 360.0 / count
    return {
        f"s{n}": box(-180.0 + n * step, 88.0, -180.0 + (n + 1) * step, 90.0) for n in range(count)
    }


def polar_cap() -> dict[str, BaseGeometry]:
    ring = [(lon, -85.0) for lon in range(-180, 180, 10)]
    return {"cap": repaired(Polygon(ring)).geometry}


# Each map with the box (west, south, east, north) in which points are tried.
MAPS: dict[str, tuple[dict[str, BaseGeometry], tuple[float, float, float, float]]] = {
    "a mission": (grid(24.0, 4.0, 2.0, 4), (23.5, 3.5, 32.5, 12.5)),
    "antimeridian": (grid(178.0, -20.0, 1.0, 4), (177.5, -20.5, 182.5, -15.5)),
    "high north": (grid(20.0, 78.0, 1.5, 4), (19.0, 77.5, 27.0, 84.5)),
    "pole in slices": (polar_slices(6), (-180.0, 87.8, 180.0, 90.0)),
    "pole in one": (polar_cap(), (-180.0, -90.0, 180.0, -84.5)),
    "an island": ({"i": MultiPolygon([box(30, 5, 31, 6), box(31.5, 5, 32, 6)])}, (29, 4, 33, 7)),
    "a hole": (
        {"h": box(30, 5, 33, 8).difference(box(31, 6, 32, 7)), "i": box(31, 6, 32, 7)},
        (29.5, 4.5, 33.5, 8.5),
    ),
    "overlapping": ({"a": box(30, 5, 32, 7), "b": box(31, 5, 33, 7)}, (29.5, 4.5, 33.5, 7.5)),
}


def index_of(shapes: Mapping[str, BaseGeometry]) -> AreaIndex:
    layer = LayerSet.of([area(name, shape) for name, shape in shapes.items()]).layer("adm2")
    return AreaIndex(layer, np.arange(len(layer)))


def held(shapes: Mapping[str, BaseGeometry], lon: float, lat: float, radius_m: float) -> Held:
    return index_of(shapes).hold(np.array([lon]), np.array([lat]), np.array([radius_m]))


def tried(
    seed: int, bounds: tuple[float, float, float, float], count: int
) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    west, south, east, north = bounds
    lon = rng.uniform(west, east, count)
    return np.where(lon > 180.0, lon - 360.0, lon), rng.uniform(south, north, count)


def areas_at(shapes: Mapping[str, BaseGeometry], lon: float, lat: float) -> set[str]:
    turns = (lon, -lon) if abs(lon) == 180.0 else (lon,)
    return {
        name
        for name, shape in shapes.items()
        for turned in turns
        if shapely.intersects_xy(shape, turned, lat)
    }


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32), name=st.sampled_from(sorted(MAPS)), log_radius=st.floats(0.0, 5.0)
)
def test_a_true_place_in_the_circle_is_in_the_certain_area_or_in_a_candidate(
    seed: int, name: str, log_radius: float
) -> None:
    shapes, bounds = MAPS[name]
    lon, lat = tried(seed, bounds, 12)
    radius_m = np.full(12, 10.0**log_radius)
    found = index_of(shapes).hold(lon, lat, radius_m)
    rng = np.random.default_rng(seed)
    # The edge of the circle is where a wrong distance would show.
    share = np.where(rng.random(12) < 0.5, 1.0, rng.random(12))
    true_lon, true_lat, _ = GEOD.fwd(lon, lat, rng.uniform(0, 360, 12), radius_m * share)
    for n in range(12):
        true = areas_at(shapes, float(true_lon[n]), float(true_lat[n]))
        if found.area[n]:
            assert true == {found.area[n]}
        assert true <= set(found.candidates[n])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32), name=st.sampled_from(sorted(MAPS)), log_radius=st.floats(2.5, 5.0)
)
def test_an_area_is_a_candidate_only_where_the_circle_comes_near_it(
    seed: int, name: str, log_radius: float
) -> None:
    shapes, bounds = MAPS[name]
    lon, lat = tried(seed, bounds, 4)
    radius_m = 10.0**log_radius
    found = index_of(shapes).hold(lon, lat, np.full(4, radius_m))
    for feature_id, shape in shapes.items():
        border = shapely.get_coordinates(shapely.segmentize(shape, 0.03))
        for n in range(4):
            metres = geodesic_m_many(lon[n], lat[n], border[:, 0], border[:, 1]).min()
            near = feature_id in areas_at(shapes, float(lon[n]), float(lat[n]))
            if metres > radius_m * 1.002 + 2_000.0 and not near:
                assert feature_id not in found.candidates[n]
            if metres <= radius_m or near:
                assert feature_id in found.candidates[n]


def test_certain_needs_the_whole_circle() -> None:
    shapes = {"west": box(30, 5, 31, 6), "east": box(31, 5, 32, 6)}
    edge_m = float(geodesic_m_many(30.9, 5.5, 31.0, 5.5))
    assert held(shapes, 30.9, 5.5, edge_m - 20).area == ["west"]
    assert held(shapes, 30.9, 5.5, edge_m - 20).candidates == [("west",)]
    assert held(shapes, 30.9, 5.5, edge_m + 1).area == [""]
    assert held(shapes, 30.9, 5.5, edge_m + 1).candidates == [("east", "west")]


def test_a_circle_that_reaches_out_of_the_layer_is_not_certain() -> None:
    found = held({"only": box(30, 5, 31, 6)}, 30.01, 5.5, 5_000.0)
    assert found.area == [""]
    assert found.candidates == [("only",)]


@pytest.mark.parametrize(("radius_m", "expected"), [(100.0, ()), (2_000.0, ("only",))])
def test_a_point_outside_has_what_its_circle_touches(
    radius_m: float, expected: tuple[str, ...]
) -> None:
    found = held({"only": box(30, 5, 31, 6)}, 29.99, 5.5, radius_m)
    assert found.area == [""]
    assert found.candidates == [expected]


def test_a_point_on_a_border_touches_both_sides() -> None:
    shapes = {"west": box(30, 5, 31, 6), "east": box(31, 5, 32, 6)}
    assert held(shapes, 31.0, 5.5, 0.0).candidates == [("east", "west")]


def test_a_small_area_inside_the_circle_is_touched() -> None:
    shapes = {"large": box(30, 5, 32, 7), "enclave": box(30.999, 5.999, 31.001, 6.001)}
    assert held(shapes, 31.05, 6.0, 20_000.0).candidates == [("enclave", "large")]


def test_the_antimeridian_is_no_border() -> None:
    shapes = {"fiji": repaired(box(178, -20, 182, -15)).geometry}
    for lon in (179.999, 180.0, -180.0, -179.999):
        assert held(shapes, lon, -17.0, 10_000.0).area == ["fiji"]


def test_a_border_that_runs_along_the_antimeridian_is_one() -> None:
    shapes = {"west": box(178, -20, 180, -15), "east": box(-180, -18, -178, -13)}
    for lon in (179.99, -179.99):
        for lat, expected in (
            (-19.0, ("west",)),
            (-17.0, ("east", "west")),
            (-14.0, ("east",)),
        ):
            found = held(shapes, lon, lat, 2_000.0)
            assert found.area == [""]
            assert found.candidates == [expected]


def test_an_area_may_end_at_the_antimeridian_along_part_of_its_height() -> None:
    shapes = {"both": MultiPolygon([box(178, -20, 180, -10), box(-180, -20, -178, -15)])}
    assert held(shapes, 179.99, -17.0, 5_000.0).area == ["both"]
    assert held(shapes, 179.99, -12.0, 5_000.0).area == [""]
    assert held(shapes, 179.99, -15.01, 5_000.0).area == [""]


def test_a_long_border_along_a_parallel_is_where_the_map_draws_it() -> None:
    # Half-way along one degree of this parallel the great circle lies 40 m farther north.
    shapes = {"north": box(0, 70, 60, 80)}
    edge_m = float(geodesic_m_many(30.5, 79.9, 30.5, 80.0))
    assert held(shapes, 30.5, 79.9, edge_m - 20.0).area == ["north"]
    assert held(shapes, 30.5, 79.9, edge_m + 0.5).area == [""]


def test_a_pole_is_no_border() -> None:
    shapes = polar_cap()
    for lat in (-90.0, -89.99, -86.5):
        assert held(shapes, 77.0, lat, 10_000.0).area == ["cap"]


@pytest.mark.parametrize(
    "geometry",
    [
        Polygon([(30, 5), (32, 7), (32, 5), (30, 7)]),
        Polygon([(30, 5), (30, 5), (30, 5), (30, 5)]),
    ],
    ids=["bow tie", "no extent"],
)
def test_an_invalid_polygon_does_not_stop_the_others(geometry: Polygon) -> None:
    layer = LayerSet.of(
        [
            Feature.model_validate(
                {
                    **area("bad", box(30, 5, 32, 7)).model_dump(),
                    "geometry": geometry.__geo_interface__,
                }
            ),
            area("good", box(32, 5, 34, 7)),
        ]
    ).layer("adm2")
    found = AreaIndex(layer, np.arange(2)).hold(
        np.array([33.0, 29.0]), np.array([6.0, 6.0]), np.array([10.0, 10.0])
    )
    assert found.area == ["good", ""]


def test_an_empty_layer_holds_nothing() -> None:
    assert held({}, 30.0, 5.0, 1e6) == Held(area=[""], candidates=[()])


def test_without_circles_there_are_no_answers() -> None:
    nothing = np.array([])
    assert index_of({"a": box(30, 5, 31, 6)}).hold(nothing, nothing, nothing) == Held(
        area=[], candidates=[]
    )


def test_features_without_an_area_are_passed_over() -> None:
    layer = LayerSet.of([point("p", 30, 5), area("a", box(30, 5, 31, 6))])
    assert polygon_of(layer.layer("settlement").features[0]) is None
    assert covering_radius_m(layer.layer("settlement").features[0]) == 0.0


def test_the_covering_radius_reaches_the_farthest_corner() -> None:
    feature = area("a", box(30, 5, 31, 6))
    corners = [(30, 5), (31, 5), (30, 6), (31, 6)]
    expected = max(float(geodesic_m_many(feature.lon, feature.lat, x, y)) for x, y in corners)
    assert covering_radius_m(feature) == expected


def test_many_wide_circles_are_measured_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, bounds = MAPS["a mission"]
    lon, lat = tried(3, bounds, 30)
    index = index_of(shapes)
    whole = index.hold(lon, lat, np.full(30, 150_000.0))
    monkeypatch.setattr("processing.locate.boundary._PAIRS_AT_ONCE", 64)
    assert index.hold(lon, lat, np.full(30, 150_000.0)) == whole
