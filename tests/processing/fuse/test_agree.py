from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings

from processing.fuse import agree as agree_module
from processing.fuse.agree import Agreement
from tests.processing.fuse.scenes import Sighting, agrees, columns, many

HERE = Sighting(root_id="a", lon=30.0, lat=0.0, radius_m=1_000.0)


def agree(a: Sighting, b: Sighting) -> bool:
    found = Agreement(columns([a, replace(b, root_id="b")])).of([0, 1])
    assert found in ([frozenset({1}), frozenset({0})], [frozenset(), frozenset()])
    return bool(found[0])


@pytest.fixture(autouse=True, params=["each to each", "by trees"], scope="class")
def how(request: pytest.FixtureRequest) -> Iterator[None]:
    """Find what is near in both ways, however few reports there are."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "by trees":
            patch.setattr(agree_module, "_FEW_PAIRS", 0)
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

    def test_circles_that_touch_meet(self) -> None:
        a = replace(HERE, radius_m=0.0)
        b = replace(HERE, lon=30.01)
        distance_m = Agreement(columns([a, b])).separation_m(0, 1)
        assert agree(a, replace(b, radius_m=distance_m))
        assert not agree(a, replace(b, radius_m=distance_m - 1e-6))
