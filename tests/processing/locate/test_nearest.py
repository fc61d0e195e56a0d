"""Nearest and within, against every geodesic distance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.locate.layers import LayerColumns, LayerSet
from processing.locate.nearest import PointIndex
from schemas.geometry import geodesic_m_many
from tests.processing.locate.scenes import point

FloatArray = npt.NDArray[np.float64]

# West, south, east, north; beyond 180 is folded.
REGIONS = {
    "a mission": (24.0, 3.5, 36.0, 12.0),
    "antimeridian": (178.0, -20.0, 182.0, -15.0),
    "north pole": (-180.0, 88.0, 180.0, 90.0),
    "south pole": (-180.0, -90.0, 180.0, -89.0),
    "whole earth": (-180.0, -90.0, 180.0, 90.0),
    "one street": (30.0, 5.0, 30.001, 5.001),
}


def spread(seed: int, region: str, count: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    west, south, east, north = REGIONS[region]
    lon = rng.uniform(west, east, count)
    return np.where(lon > 180.0, lon - 360.0, lon), rng.uniform(south, north, count)


def layer_of(lon: FloatArray, lat: FloatArray, radius_m: FloatArray | None = None) -> LayerColumns:
    radii = np.zeros(len(lon)) if radius_m is None else radius_m
    rows = zip(lon.tolist(), lat.tolist(), radii.tolist(), strict=True)
    return LayerSet.of(
        [point(f"f{n:04}", x, y, radius_m=r) for n, (x, y, r) in enumerate(rows)]
    ).layer("settlement")


def all_m(lon: FloatArray, lat: FloatArray, layer: LayerColumns) -> FloatArray:
    return geodesic_m_many(lon[:, None], lat[:, None], layer.lon, layer.lat)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    features=st.integers(1, 60),
    region=st.sampled_from(sorted(REGIONS)),
)
def test_the_nearest_is_the_geodesically_nearest(seed: int, features: int, region: str) -> None:
    layer = layer_of(*spread(seed, region, features))
    lon, lat = spread(seed + 1, region, 20)
    nearest = PointIndex(layer, np.arange(len(layer))).nearest(lon, lat)
    metres = all_m(lon, lat, layer)
    assert nearest.row.tolist() == metres.argmin(axis=1).tolist()
    assert np.allclose(nearest.distance_m, metres.min(axis=1), rtol=0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32), features=st.integers(1, 40), region=st.sampled_from(sorted(REGIONS))
)
def test_all_others_are_at_least_as_far_as_said(seed: int, features: int, region: str) -> None:
    layer = layer_of(*spread(seed, region, features))
    lon, lat = spread(seed + 1, region, 10)
    nearest = PointIndex(layer, np.arange(len(layer))).nearest(lon, lat)
    metres = all_m(lon, lat, layer)
    metres[np.arange(len(lon)), nearest.row] = np.inf
    second_m = metres.min(axis=1)
    assert (nearest.others_m <= second_m + 1e-6).all()
    finite = np.isfinite(second_m)
    assert (nearest.others_m[finite] >= second_m[finite] * 0.985 - 0.01).all()


@pytest.mark.parametrize("copies", [2, 5, 70])
def test_of_features_at_one_place_the_first_is_the_nearest(copies: int) -> None:
    layer = layer_of(np.full(copies, 30.0), np.full(copies, 5.0))
    nearest = PointIndex(layer, np.arange(copies)).nearest(np.array([30.5]), np.array([5.0]))
    assert nearest.row.tolist() == [0]
    assert nearest.others_m[0] <= nearest.distance_m[0]


def test_a_ring_of_many_nearly_equal_features_is_searched_wider() -> None:
    # All 50 lie within 1 % of one distance on the sphere, so the first four cannot decide.
    bearings = np.linspace(0.0, 2.0 * np.pi, 50, endpoint=False)
    layer = layer_of(30.0 + 0.5 * np.sin(bearings), 0.5 * np.cos(bearings))
    lon, lat = np.array([30.0]), np.array([0.0])
    nearest = PointIndex(layer, np.arange(50)).nearest(lon, lat)
    assert nearest.row.tolist() == all_m(lon, lat, layer).argmin(axis=1).tolist()


def test_a_point_on_a_feature_is_at_no_distance() -> None:
    layer = layer_of(np.array([30.0, 30.0]), np.array([5.0, 5.1]))
    nearest = PointIndex(layer, np.arange(2)).nearest(np.array([30.0]), np.array([5.1]))
    assert nearest.row.tolist() == [1]
    assert nearest.distance_m.tolist() == [0.0]


def test_without_features_nothing_is_near() -> None:
    index = PointIndex(layer_of(np.array([]), np.array([])), np.array([], dtype=np.int64))
    lon, lat = np.array([30.0]), np.array([5.0])
    assert index.nearest(lon, lat).row.tolist() == [-1]
    assert np.isinf(index.nearest(lon, lat).distance_m).all()
    assert index.within(lon, lat, reach_m=1e9) == [[]]


def test_without_points_there_are_no_answers() -> None:
    index = PointIndex(layer_of(np.array([30.0]), np.array([5.0])), np.array([0]))
    assert len(index.nearest(np.array([]), np.array([])).row) == 0
    assert index.within(np.array([]), np.array([]), reach_m=1e3) == []


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    region=st.sampled_from(sorted(REGIONS)),
    reach_m=st.floats(0, 3e6),
)
def test_within_lists_every_feature_whose_edge_is_in_reach(
    seed: int, region: str, reach_m: float
) -> None:
    radius_m = np.random.default_rng(seed).choice([0.0, 1_000.0, 90_000.0], 30)
    layer = layer_of(*spread(seed, region, 30), radius_m)
    lon, lat = spread(seed + 1, region, 8)
    edge_m = np.maximum(0.0, all_m(lon, lat, layer) - layer.radius_m)
    expected = [
        sorted((float(row_m[n]), n) for n in np.flatnonzero(row_m <= reach_m)) for row_m in edge_m
    ]
    found = PointIndex(layer, np.arange(30)).within(lon, lat, reach_m=reach_m)
    assert [[row for row, _ in pairs] for pairs in found] == [
        [n for _, n in pairs] for pairs in expected
    ]
    assert all(metres <= reach_m for pairs in found for _, metres in pairs)


def test_only_the_rows_given_are_found_and_rows_keep_their_numbers() -> None:
    layer = layer_of(np.array([30.0, 30.1, 30.2]), np.array([5.0, 5.0, 5.0]))
    index = PointIndex(layer, np.array([2]))
    lon, lat = np.array([30.0]), np.array([5.0])
    assert index.nearest(lon, lat).row.tolist() == [2]
    assert [row for row, _ in index.within(lon, lat, reach_m=1e5)[0]] == [2]
