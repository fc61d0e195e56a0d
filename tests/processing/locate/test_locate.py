from __future__ import annotations

import csv
from dataclasses import fields
from datetime import date
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import box, shape

from processing.locate.columns import LocatedColumns
from processing.locate.layers import day_number
from processing.locate.locate import Locator
from processing.locate.nearby import NEARBY_LAYERS
from processing.locate.precision import precision_of
from schemas.geometry import geodesic_m_many
from schemas.incident import Nearby
from schemas.layer import LayerKind
from tests.processing.locate.scenes import (
    DAY,
    SOUTH_SUDAN,
    area,
    locator,
    places,
    point,
    said,
    south_sudan,
)

GEOD = Geod(ellps="WGS84")
STATES_AND_COUNTIES = (
    area("S", box(30, 5, 32, 6), layer=LayerKind.ADM1, parent_id="C"),
    area("S1", box(30, 5, 31, 6), parent_id="S"),
    area("S2", box(31, 5, 32, 6), parent_id="S"),
    area("T", box(32, 5, 33, 6), layer=LayerKind.ADM1, parent_id="C"),
    area("T1", box(32, 5, 33, 6), parent_id="T"),
    area("C", box(30, 5, 33, 6), layer=LayerKind.ADM0),
)


def row(located: LocatedColumns, at: int = 0) -> dict[str, object]:
    return {f.name: getattr(located, f.name)[at] for f in fields(LocatedColumns)}


def nearby(layers: Locator, *columns: np.ndarray[Any, Any]) -> list[tuple[Nearby, ...]]:
    return [tuple(Nearby.model_validate(one) for one in near) for near in layers.nearby(*columns)]


class TestOrderOfResolution:
    layers = locator(*STATES_AND_COUNTIES, point("town", 30.5, 5.5, name="Tôwn"))

    @pytest.mark.parametrize(
        ("how", "expected"), [("degrees", "degrees"), ("mgrs", "mgrs"), ("", "degrees")]
    )
    def test_coordinates_come_first(self, how: str, expected: str) -> None:
        located = self.layers.locate(
            places(
                [32.5],
                [5.5],
                [50.0],
                decoded_from=[how],
                pcode=["S1"],
                place_name=["town"],
            )
        )
        assert located.place_from == [expected]
        assert (located.lon[0], located.lat[0], located.radius_m[0]) == (32.5, 5.5, 50.0)
        assert located.adm2 == ["T1"]

    def test_a_p_code_comes_before_a_name(self) -> None:
        located = self.layers.locate(said(pcode="T1", place_name="town"))
        assert located.place_from == ["pcode"]
        assert located.adm2 == ["T1"]

    def test_a_name_comes_last(self) -> None:
        located = self.layers.locate(said(pcode="unknown", place_name="TOWN"))
        assert located.place_from == ["place_name"]
        assert (located.lon[0], located.lat[0], located.radius_m[0]) == (30.5, 5.5, 1_000.0)
        assert located.adm2 == ["S1"]

    def test_a_name_keeps_the_radius_that_the_report_states(self) -> None:
        located = self.layers.locate(said(place_name="town", radius_m=4_000.0))
        assert located.radius_m.tolist() == [4_000.0]

    @pytest.mark.parametrize(("pcode", "name"), [("", ""), ("XX", ""), ("", "nowhere")])
    def test_nothing_usable_stays_unresolved(self, pcode: str, name: str) -> None:
        located = self.layers.locate(said(pcode=pcode, place_name=name, radius_m=100.0))
        for numbers in (located.lon, located.lat, located.radius_m):
            assert np.isnan(numbers).all()
        found = row(located)
        assert {name: found[name] for name in found if name not in {"lon", "lat", "radius_m"}} == {
            "place_from": "unresolved",
            "cell4": 0,
            "cell5": 0,
            "adm1": "",
            "adm2": "",
            "adm2_candidates": (),
        }

    def test_half_a_position_is_none(self) -> None:
        located = self.layers.locate(places([30.5], [np.nan], [10.0]))
        assert located.place_from == ["unresolved"]
        assert np.isnan(located.lon).all()

    def test_coordinates_without_a_radius_tell_no_more_than_the_state(self) -> None:
        located = self.layers.locate(places([30.5, 40.0], [5.5, 5.5], [np.nan, np.nan]))
        assert np.isnan(located.radius_m).all()
        assert located.place_from == ["degrees", "degrees"]
        assert (located.adm1, located.adm2) == (["S", ""], ["", ""])
        assert located.adm2_candidates == [("S1", "S2"), ()]

    @pytest.mark.parametrize(("lon", "lat"), [(181.0, 5.0), (30.0, -91.0), (np.inf, 5.0)])
    def test_coordinates_that_cannot_be_are_not_used(self, lon: float, lat: float) -> None:
        located = self.layers.locate(places([lon], [lat], [10.0], place_name=["town"]))
        assert located.place_from == ["place_name"]

    def test_no_name_is_exact(self) -> None:
        assert self.layers.locate(said(place_name="town", radius_m=0.0)).radius_m[0] == 1_000.0


class TestPCodes:
    layers = locator(
        *STATES_AND_COUNTIES,
        area("OLD", box(30, 5, 32, 6), parent_id="S", valid=(None, date(2013, 1, 1))),
        point("base", 30.5, 5.5, layer=LayerKind.UN_BASE),
    )

    def test_a_county_is_certain_with_the_radius_that_covers_it(self) -> None:
        located = self.layers.locate(said(pcode="S1", radius_m=10.0))
        assert (located.adm1, located.adm2) == (["S"], ["S1"])
        assert located.adm2_candidates == [("S1",)]
        corner_m = geodesic_m_many(located.lon, located.lat, 30.0, 5.0)
        assert located.radius_m[0] >= corner_m[0]
        assert precision_of(located.radius_m[0]) == "P7"

    def test_a_state_has_its_counties_as_candidates(self) -> None:
        located = self.layers.locate(said(pcode="S"))
        assert (located.adm1, located.adm2) == (["S"], [""])
        assert located.adm2_candidates == [("S1", "S2")]

    def test_a_country_has_the_counties_of_its_states(self) -> None:
        located = self.layers.locate(said(pcode="C"))
        assert (located.adm1, located.adm2) == ([""], [""])
        assert located.adm2_candidates == [("S1", "S2", "T1")]

    def test_a_code_that_no_longer_held_says_where_but_not_which_county(self) -> None:
        located = self.layers.locate(said(pcode="OLD", day=DAY))
        assert located.place_from == ["pcode"]
        assert located.adm2 == [""]
        assert {"S1", "S2"} <= set(located.adm2_candidates[0])

    def test_the_id_of_a_base_is_a_place_of_a_kilometre(self) -> None:
        located = self.layers.locate(said(pcode="base"))
        assert located.place_from == ["pcode"]
        assert (located.radius_m[0], located.adm2) == (1_000.0, ["S1"])

    def test_names_and_parents_are_those_of_the_layers(self) -> None:
        assert self.layers.place_name("S1") == "Area S1"
        assert self.layers.place_name("XX") == "XX"
        assert [self.layers.parent(code) for code in ("S1", "S", "C", "XX")] == ["S", "C", "", ""]


class TestStates:
    layers = locator(*STATES_AND_COUNTIES)

    def test_a_circle_in_two_counties_of_one_state_is_surely_in_the_state(self) -> None:
        located = self.layers.locate(places([31.0], [5.5], [2_000.0]))
        assert (located.adm1, located.adm2) == (["S"], [""])
        assert located.adm2_candidates == [("S1", "S2")]

    def test_a_circle_in_two_states_is_surely_in_neither(self) -> None:
        located = self.layers.locate(places([32.0], [5.5], [2_000.0]))
        assert (located.adm1, located.adm2) == ([""], [""])
        assert located.adm2_candidates == [("S2", "T1")]

    def test_a_county_says_its_state_where_the_two_layers_are_drawn_apart(self) -> None:
        shifted = (
            area("S", box(30, 5, 30.9, 6), layer=LayerKind.ADM1),
            area("T", box(30.9, 5, 32, 6), layer=LayerKind.ADM1),
            area("S1", box(30, 5, 31, 6), parent_id="S"),
        )
        located = locator(*shifted).locate(places([30.95], [5.5], [100.0]))
        assert (located.adm1, located.adm2) == (["S"], ["S1"])

    def test_counties_are_those_of_the_day(self) -> None:
        change = date(2013, 6, 1)
        layers = locator(
            area("before", box(30, 5, 32, 6), valid=(None, change)),
            area("after1", box(30, 5, 31, 6), valid=(change, None)),
            area("after2", box(31, 5, 32, 6), valid=(change, None)),
        )
        day = day_number(change)
        located = layers.locate(
            places([30.5, 30.5, 31.5], [5.5] * 3, [10.0] * 3, day=[day, day - 1, day])
        )
        assert located.adm2 == ["after1", "before", "after2"]


class TestCells:
    def test_cells_are_the_h3_cells_of_the_position_as_signed_integers(self) -> None:
        lon, lat = np.array([30.5, -179.9]), np.array([5.5, -17.0])
        located = south_sudan().locate(places(lon, lat, [10.0, 10.0]))
        for n in range(2):
            assert located.cell4[n] == h3.latlng_to_cell(lat[n], lon[n], 4)
            assert located.cell5[n] == h3.latlng_to_cell(lat[n], lon[n], 5)
        assert located.cell4.dtype == np.int64
        assert (located.cell4 > 0).all()


class TestSouthSudan:
    counties = south_sudan().features("adm2")
    polygons = np.array([shape(county.geometry) for county in counties if county.geometry])

    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 2**32), log_radius=st.floats(1.0, 5.0))
    def test_the_true_county_is_the_certain_one_or_a_candidate(
        self, seed: int, log_radius: float
    ) -> None:
        rng = np.random.default_rng(seed)
        n = 100
        true_lon, true_lat = rng.uniform(24.0, 36.0, n), rng.uniform(3.5, 12.2, n)
        radius_m = np.full(n, 10.0**log_radius)
        away_m = radius_m * np.where(rng.random(n) < 0.3, 1.0, np.sqrt(rng.random(n)))
        lon, lat, _ = GEOD.fwd(true_lon, true_lat, rng.uniform(0, 360, n), away_m)
        located = south_sudan().locate(places(lon, lat, radius_m))
        true: dict[int, set[str]] = {at: set() for at in range(n)}
        tree = shapely.STRtree(self.polygons)
        pairs = tree.query(shapely.points(true_lon, true_lat), predicate="intersects")
        for at, county in pairs.T.tolist():
            true[at].add(self.counties[county].feature_id)
        for at in range(n):
            if located.adm2[at]:
                assert true[at] == {located.adm2[at]}
                assert south_sudan().parent(located.adm2[at]) == located.adm1[at]
            assert true[at] <= set(located.adm2_candidates[at])

    def test_most_precise_reports_have_a_certain_county(self) -> None:
        rng = np.random.default_rng(7)
        lon, lat = rng.uniform(28.0, 32.0, 500), rng.uniform(6.0, 9.0, 500)
        located = south_sudan().locate(places(lon, lat, np.full(500, 500.0)))
        assert sum(map(bool, located.adm2)) > 470

    def test_events_just_outside_the_country_have_the_counties_that_their_circles_touch(
        self,
    ) -> None:
        with (SOUTH_SUDAN / "ucdp_events.csv").open(encoding="utf-8", newline="") as file:
            events = [event for event in csv.DictReader(file) if int(event["where_prec"]) == 1]
        lon = [float(event["longitude"]) for event in events]
        lat = [float(event["latitude"]) for event in events]
        located = south_sudan().locate(places(lon, lat, [500.0] * len(events)))
        covered = shapely.STRtree(self.polygons).query(
            shapely.points(lon, lat), predicate="intersects"
        )
        outside = set(range(len(events))) - set(covered[0].tolist())
        assert outside
        assert all(located.adm2[at] == "" and located.adm2_candidates[at] for at in outside)

    def test_far_outside_nothing_is_touched(self) -> None:
        located = south_sudan().locate(places([0.0], [50.0], [1_000.0]))
        assert (located.adm1, located.adm2, located.adm2_candidates) == ([""], [""], [()])
        assert located.place_from == ["degrees"]

    def test_a_batch_gives_what_its_rows_give_alone(self) -> None:
        rng = np.random.default_rng(11)
        lon, lat = rng.uniform(24, 36, 40), rng.uniform(3.5, 12.2, 40)
        radius_m, day = 10.0 ** rng.uniform(1, 5, 40), rng.integers(15_300, 17_500, 40)
        together = south_sudan().locate(places(lon, lat, radius_m, day=day))
        near = nearby(south_sudan(), lon, lat, day, radius_m)
        for n in range(40):
            one = slice(n, n + 1)
            alone = south_sudan().locate(places(lon[one], lat[one], radius_m[one], day=day[one]))
            assert row(alone) == row(together, n)
            assert nearby(south_sudan(), lon[one], lat[one], day[one], radius_m[one]) == [near[n]]


class TestNearby:
    def test_each_layer_gives_the_nearest_that_was_valid(self) -> None:
        rng = np.random.default_rng(5)
        lon, lat = rng.uniform(24, 36, 60), rng.uniform(3.5, 12.2, 60)
        day = rng.integers(15_300, 17_500, 60)
        found = nearby(south_sudan(), lon, lat, day)
        for n in range(60):
            for kind in NEARBY_LAYERS:
                columns = south_sudan().layers.layer(kind)
                valid = np.flatnonzero(columns.valid_on(int(day[n])))
                metres = geodesic_m_many(lon[n], lat[n], columns.lon[valid], columns.lat[valid])
                near = [one for one in found[n] if one.layer == kind]
                assert len(near) == (1 if len(valid) else 0)
                if near:
                    nearest = columns.features[valid[metres.argmin()]]
                    assert near[0].feature_id == nearest.feature_id
                    assert near[0].distance_m == pytest.approx(metres.min(), abs=0.051)
                    assert (near[0].name, near[0].kind) == (nearest.name, nearest.kind)

    def test_the_nearest_is_certain_only_if_it_is_from_anywhere_in_the_circle(self) -> None:
        layers = locator(point("a", 30.0, 0.0), point("b", 30.2, 0.0))
        lon, lat, day = np.full(3, 30.05), np.zeros(3), np.full(3, DAY)
        # 5.6 km from one and 16.7 km from the other: 5.5 km decide.
        found = nearby(layers, lon, lat, day, np.array([5_300.0, 5_700.0, np.nan]))
        assert [near[0].certain for near in found] == [True, False, True]
        assert {near[0].feature_id for near in found} == {"a"}

    def test_of_many_nearly_equal_ones_the_nearest_is_found(self) -> None:
        bearings = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
        lon, lat = 30.0 + 0.5 * np.sin(bearings), 0.5 * np.cos(bearings)
        rows = zip(lon.tolist(), lat.tolist(), strict=True)
        ring = [point(f"f{n:02}", x, y, layer=LayerKind.UN_BASE) for n, (x, y) in enumerate(rows)]
        layers = locator(point("town", 31.0, 1.0), *ring)
        metres = geodesic_m_many(30.0, 0.0, lon, lat)
        (town, base), nothing = nearby(
            layers, np.array([30.0, np.nan]), np.array([0.0, np.nan]), np.array([DAY, DAY])
        )
        assert (town.feature_id, nothing) == ("town", ())
        assert base.feature_id == f"f{metres.argmin():02}"
        assert base.distance_m == pytest.approx(metres.min(), abs=0.051)

    def test_the_only_one_is_certain(self) -> None:
        layers = locator(point("a", 30.0, 0.0))
        found = nearby(layers, np.array([31.0]), np.array([1.0]), np.array([DAY]), np.array([1e6]))
        assert found[0][0].certain

    def test_without_a_place_or_layers_nothing_is_near(self) -> None:
        nowhere = np.array([np.nan])
        assert nearby(south_sudan(), nowhere, nowhere, np.array([DAY])) == [()]
        assert nearby(locator(), np.array([30.0]), np.array([5.0]), np.array([DAY])) == [()]


class TestWithin:
    layers = locator(
        point("camp", 30.0, 5.0, radius_m=1_000.0, kind="POC_SITE", layer=LayerKind.CIVILIAN_SITE),
        point("idp", 30.02, 5.0, kind="IDP_SITE", layer=LayerKind.CIVILIAN_SITE),
        point(
            "gone",
            30.0,
            5.0,
            kind="IDP_SITE",
            layer=LayerKind.CIVILIAN_SITE,
            valid=(None, date(2000, 1, 1)),
        ),
    )

    def found(self, *kinds: str, reach_m: float, lon: float = 30.01) -> list[tuple[str, float]]:
        (pairs,) = self.layers.within(
            np.array([lon]),
            np.array([5.0]),
            np.array([DAY]),
            layer="civilian_site",
            kinds=kinds,
            reach_m=reach_m,
        )
        sites = self.layers.features("civilian_site")
        return [(sites[row].feature_id, metres) for row, metres in pairs]

    def test_distances_are_to_the_edge_and_the_nearest_comes_first(self) -> None:
        centre_m = float(geodesic_m_many(30.01, 5.0, 30.0, 5.0))
        (camp, camp_m), (idp, idp_m) = self.found(reach_m=5_000.0)
        assert (camp, idp) == ("camp", "idp")
        assert camp_m == pytest.approx(centre_m - 1_000.0)
        assert idp_m == pytest.approx(centre_m, rel=1e-3)

    def test_inside_a_site_the_distance_is_nothing(self) -> None:
        assert self.found(reach_m=0.0, lon=30.005) == [("camp", 0.0)]

    def test_only_the_kinds_asked_for_count(self) -> None:
        assert [name for name, _ in self.found("IDP_SITE", reach_m=5_000.0)] == ["idp"]
        assert self.found("MARKET", reach_m=5_000.0) == []

    def test_nothing_lies_beyond_the_reach(self) -> None:
        assert [name for name, _ in self.found(reach_m=500.0)] == ["camp"]

    def test_an_unknown_layer_and_an_unknown_place_have_nothing(self) -> None:
        lon, lat, day = np.array([30.0]), np.array([5.0]), np.array([DAY])
        assert self.layers.features("no such layer") == ()
        assert self.layers.within(lon, lat, day, layer="no such layer", kinds=(), reach_m=1e6) == [
            []
        ]
        assert self.layers.within(
            np.array([np.nan]), lat, day, layer="civilian_site", kinds=(), reach_m=1e6
        ) == [[]]


@pytest.mark.parametrize(
    ("radius_m", "code"),
    [(0, "P1"), (25, "P1"), (26, "P2"), (1_000, "P3"), (25_000, "P6"), (25_001, "P7")],
)
def test_a_precision_is_the_finest_whose_radius_holds_the_circle(
    radius_m: float, code: str
) -> None:
    assert precision_of(radius_m) == code


def test_no_radius_is_the_coarsest_precision() -> None:
    assert precision_of(np.nan) == "P7"
