from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from processing.fuse import agree as agree_module
from processing.fuse.agree import Agreement
from processing.fuse.cells import MAX_RADIUS_M
from tests.processing.fuse.scenes import Sighting, agrees, columns, many

GEOD = Geod(ellps="WGS84")
HERE = Sighting(root_id="a", lon=30.0, lat=0.0, radius_m=1_000.0)


def agree(a: Sighting, b: Sighting) -> bool:
    found = Agreement(columns([a, replace(b, root_id="b")])).of([0, 1])
    assert found in ([frozenset({1}), frozenset({0})], [frozenset(), frozenset()])
    return bool(found[0])


@pytest.fixture(autouse=True, params=["as few", "as many"], scope="class")
def how(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare in both ways, however few reports there are."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "as many":
            patch.setattr(agree_module, "_MOST_PAIRS", 5)
            patch.setattr(agree_module, "_FEW", 0)
        yield


class TestAgreement:
    @settings(max_examples=80, deadline=None)
    @given(many())
    def test_finds_exactly_the_pairs_that_agree_one_by_one_and_all_at_once(
        self, reports: list[Sighting]
    ) -> None:
        agreement = Agreement(columns(reports))
        rows = [row for row in range(len(reports)) if agreement.is_fusible[row]]
        expected = [
            frozenset(b for b in rows if a != b and agrees(reports[a], reports[b])) for a in rows
        ]
        assert agreement.of(rows) == expected
        assert [agreement.of([row])[0] for row in rows] == expected

    def test_in_a_crowd_too(self) -> None:
        crowd = [replace(HERE, root_id=f"r-{n}", lon=30.0 + n / 10_000.0) for n in range(120)]
        agreement = Agreement(columns(crowd))
        assert [agreement.of([row])[0] for row in range(120)] == agreement.of(list(range(120)))

    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            (HERE, True),
            (replace(HERE, day=16_001), False),
            (replace(HERE, exercise=True), False),
            (replace(HERE, event_class="VAC"), False),
            (replace(HERE, event_class="OTHER"), True),
            (replace(HERE, lon=30.0179), True),
            (replace(HERE, lon=30.0180), False),
            (replace(HERE, lon=30.0180, radius_m=1_004.0), True),
        ],
    )
    def test_compares_day_mark_class_and_circles(self, other: Sighting, expected: bool) -> None:  # noqa: FBT001
        assert agree(HERE, other) is expected

    @pytest.mark.parametrize(
        ("lon_a", "lat_a", "lon_b", "lat_b"),
        [
            (180.0, 0.0, -180.0, 0.0),
            (179.995, -16.5, -179.995, -16.5),
            (0.0, 90.0, 137.0, 90.0),
            (-100.0, -89.999, 80.0, -89.999),
        ],
    )
    def test_knows_the_antimeridian_and_the_poles(
        self, lon_a: float, lat_a: float, lon_b: float, lat_b: float
    ) -> None:
        assert agree(replace(HERE, lon=lon_a, lat=lat_a), replace(HERE, lon=lon_b, lat=lat_b))

    def test_two_points_without_extent_agree_only_in_the_same_place(self) -> None:
        point = replace(HERE, radius_m=0.0)
        assert agree(point, point)
        assert not agree(point, replace(point, lon=30.0000001))

    @settings(max_examples=60, deadline=None)
    @given(
        lon=st.floats(-180, 180),
        lat=st.one_of(st.just(0.0), st.floats(-90, 90)),
        azimuth=st.one_of(st.just(0.0), st.floats(-180, 180)),
        radius_m=st.sampled_from((25.0, 1_000.0, 25_000.0)),
    )
    @example(lon=31.6, lat=0.0, azimuth=0.0, radius_m=25_000.0)
    @example(lon=180.0, lat=0.0, azimuth=90.0, radius_m=25_000.0)
    @example(lon=0.0, lat=90.0, azimuth=12.0, radius_m=25_000.0)
    def test_circles_that_just_meet_are_found_anywhere(
        self, lon: float, lat: float, azimuth: float, radius_m: float
    ) -> None:
        a = replace(HERE, lon=lon, lat=lat, radius_m=radius_m)
        there = GEOD.fwd(lon, lat, azimuth, radius_m + MAX_RADIUS_M - 1e-3)
        assert agree(a, replace(a, lon=there[0], lat=there[1], radius_m=MAX_RADIUS_M))

    def test_circles_that_touch_meet(self) -> None:
        a = replace(HERE, radius_m=0.0)
        b = replace(HERE, lon=30.01)
        distance_m = Agreement(columns([a, b])).separation_m(0, 1)
        assert agree(a, replace(b, radius_m=distance_m))
        assert not agree(a, replace(b, radius_m=distance_m - 1e-6))
