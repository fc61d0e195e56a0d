from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgrs import MGRS

from ingest.decoders.grid import GridPoint, _decode, _learnt, decode_mgrs, learn_mgrs
from ingest.decoders.place import DecodedPlace, decode_place
from ingest.gazetteer import Gazetteer
from schemas.geometry import BoundingBox, Position, geodesic_m
from schemas.report import ReportedLocation
from tests.ingest.support import GAZETTEER, JUBA, patient

PACIFIC = Gazetteer(zone=JUBA, area=BoundingBox(west=175.0, south=-20.0, east=-175.0, north=-10.0))
NOWHERE = Gazetteer(zone=JUBA)


def place(gazetteer: Gazetteer = GAZETTEER, **fields: Any) -> DecodedPlace:  # noqa: ANN401 - fields of a location
    return decode_place(ReportedLocation(**fields), gazetteer)


def codes(decoded: DecodedPlace) -> list[str]:
    return [finding.code for finding in decoded.findings]


class TestGrid:
    @patient
    @given(
        st.floats(-79.9, 83.9),
        st.floats(-179.9, 179.9),
        st.integers(1, 5),
    )
    def test_a_reference_decodes_to_within_half_its_diagonal(
        self, lat: float, lon: float, half: int
    ) -> None:
        text = MGRS().toMGRS(lat, lon, MGRSPrecision=half)
        point = decode_mgrs(text)
        assert point is not None
        apart_m = geodesic_m(Position(lon=lon, lat=lat), Position(lon=point.lon, lat=point.lat))
        # UTM's scale stretches a square by up to 0.1 %; at 1 m the corner stands for the middle.
        assert apart_m <= point.half_diagonal_m * 1.002 + 1.5

    @pytest.mark.parametrize(
        ("digits", "half_diagonal_m"),
        [("", 70_711), ("97", 7_071), ("9372", 707), ("939726", 70.7), ("93987262", 7.07)],
    )
    def test_fewer_digits_are_larger_squares(self, digits: str, half_diagonal_m: float) -> None:
        point = decode_mgrs("36NSG" + digits)
        assert point is not None
        assert point.half_diagonal_m == pytest.approx(half_diagonal_m, rel=1e-3)

    def test_spaces_and_small_letters_are_read(self) -> None:
        assert decode_mgrs(" 36n sg 93988 72627 ") == decode_mgrs("36NSG9398872627")

    def test_just_past_a_zone_join_it_is_where_it_is(self) -> None:
        # Zones 35 and 36 meet at 30 E; a square of zone 35 reaches over the join.
        point = decode_mgrs("36NSG9398872627")
        assert point is not None
        here = Position(lon=point.lon, lat=point.lat)
        assert geodesic_m(here, Position(lon=30.25, lat=1.56)) < 1
        west = decode_mgrs(MGRS().toMGRS(1.56, 29.9999))
        assert west is not None
        assert west.reference.startswith("35N")
        there = Position(lon=west.lon, lat=west.lat)
        assert geodesic_m(there, Position(lon=29.9999, lat=1.56)) < 1

    @pytest.mark.parametrize(
        "text", ["", "36N", "36NSG1", "36NSG123", "36NII11", "99NSG11", "Bor", "36NSG12345678901"]
    )
    def test_what_is_no_reference_is_none(self, text: str) -> None:
        assert decode_mgrs(text) is None

    def test_a_square_outside_its_band_is_none(self) -> None:
        assert decode_mgrs("36NSS0101") is None
        assert decode_mgrs("SS0101", "36N") is None

    def test_a_missing_zone_is_the_missions(self) -> None:
        assert decode_mgrs("SG 9398 7262") is None
        assert decode_mgrs("SG 9398 7262", "36N") == decode_mgrs("36NSG93987262")

    @patient
    @given(st.text(max_size=20))
    def test_no_text_raises(self, text: str) -> None:
        assert isinstance(decode_mgrs(text, "36N"), GridPoint | None)

    def test_threads_do_not_disturb_each_other(self) -> None:
        texts = [f"36NSG{n:04d}{n:04d}" for n in range(1, 200)]
        alone = [_decode.__wrapped__(text, None) for text in texts]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(partial(_decode.__wrapped__, default_zone=None), texts)) == alone

    @patient
    @given(
        st.lists(
            st.sampled_from(
                [
                    "36NSG9398",
                    "36NSG93987262",
                    "sg 9398 7262",
                    "36NSG9398872627",
                    "36NSS0101",
                    "Bor",
                ]
            ),
            unique=True,
        ),
        st.sampled_from(["36N", None]),
    )
    def test_several_at_once_are_what_each_is_alone(
        self, texts: list[str], zone: str | None
    ) -> None:
        _learnt.clear()
        learn_mgrs(texts, zone)
        assert [decode_mgrs(text, zone) for text in texts] == [
            _decode(text, zone) for text in texts
        ]
        is_well = all(_decode(text, zone) for text in texts)
        assert not is_well or len(_learnt) == len(texts)


class TestDegrees:
    def test_inside_the_area_they_are_used(self) -> None:
        assert place(lon=31.5, lat=6.2, precision="P1") == DecodedPlace(31.5, 6.2, 25.0, "degrees")

    def test_swapped_ones_are_not_used_and_hinted_at(self) -> None:
        decoded = place(lon=6.2, lat=31.5)
        assert codes(decoded) == ["SWAPPED_AXES"]
        assert decoded.lon is None
        assert not decoded.is_usable

    def test_swapped_beyond_the_pole_are_hinted_at_too(self) -> None:
        assert codes(place(PACIFIC, lon=-15.0, lat=178.0)) == ["SWAPPED_AXES"]

    def test_outside_the_area_they_are_used(self) -> None:
        decoded = place(lon=2.35, lat=48.85)
        assert codes(decoded) == ["OUTSIDE_AREA"]
        assert (decoded.lon, decoded.lat, decoded.is_usable) == (2.35, 48.85, True)

    def test_an_area_over_the_antimeridian_has_two_sides(self) -> None:
        for lon in (179.0, -179.0, 180.0, -180.0):
            assert codes(place(PACIFIC, lon=lon, lat=-15.0)) == []
        assert codes(place(PACIFIC, lon=0.0, lat=-15.0)) == ["OUTSIDE_AREA"]

    @pytest.mark.parametrize(
        ("lon", "lat"), [(180.1, 0.0), (-180.1, 0.0), (0.0, 90.1), (0.0, -90.1), (1e300, 1e300)]
    )
    def test_no_place_on_earth_is_kept_but_not_used(self, lon: float, lat: float) -> None:
        decoded = place(NOWHERE, lon=lon, lat=lat)
        assert codes(decoded) == ["OUT_OF_RANGE"]
        assert not decoded.is_usable

    @pytest.mark.parametrize(("lon", "lat"), [(0.0, 90.0), (180.0, 0.0), (-180.0, -90.0)])
    def test_poles_and_the_antimeridian_are_places(self, lon: float, lat: float) -> None:
        assert place(NOWHERE, lon=lon, lat=lat).is_usable

    def test_without_a_fix_devices_send_zeros(self) -> None:
        assert codes(place(lon=0.0, lat=0.0)) == ["NULL_POSITION"]
        assert codes(place(NOWHERE, lon=0.0, lat=0.0)) == ["NULL_POSITION"]

    def test_nothing_given_is_nothing_wrong(self) -> None:
        assert place() == DecodedPlace()

    def test_unusable_degrees_leave_the_grid_reference(self) -> None:
        decoded = place(lon=0.0, lat=0.0, mgrs="36NUM406866")
        assert decoded.decoded_from == "mgrs"
        assert decoded.is_usable

    def test_a_grid_reference_elsewhere_is_named(self) -> None:
        assert codes(place(lon=31.56, lat=6.21, mgrs="36NUM406866")) == []
        decoded = place(lon=31.0, lat=6.21, mgrs="36NUM406866")
        assert codes(decoded) == ["PLACE_CONTRADICTS"]
        assert decoded.lon == 31.0

    def test_an_unknown_pcode_is_kept_and_a_near_one_hinted_at(self) -> None:
        decoded = place(pcode="ss0101 ")
        assert codes(decoded) == ["UNKNOWN_PCODE"]
        assert "Is it SS0101?" in decoded.findings[0].detail
        assert decoded.is_usable


class TestRadius:
    @pytest.mark.parametrize(
        ("fields", "radius_m"),
        [
            ({"precision": "P1"}, 25.0),
            ({"precision": "P2"}, 100.0),
            ({"precision": "P3"}, 1_000.0),
            ({"precision": "P4"}, 5_000.0),
            ({"precision": "P5"}, 10_000.0),
            ({"precision": "P6"}, 25_000.0),
            ({"precision": "P7"}, None),
            ({"precision": "nonsense"}, None),
            ({}, 1_000.0),
            ({"uncertainty_m": 40.0, "precision": "P6"}, 40.0),
            ({"uncertainty_m": 40.0, "precision": "P7"}, 40.0),
            ({"accuracy_m": 8.0}, 8.0),
            ({"accuracy_m": 8.0, "precision": "P1"}, 25.0),
            ({"accuracy_m": 80.0, "precision": "P1"}, 80.0),
            ({"accuracy_m": 0.0}, 1_000.0),
            ({"uncertainty_m": 0.0, "precision": "P2"}, 100.0),
        ],
    )
    def test_of_degrees(self, fields: dict[str, Any], radius_m: float | None) -> None:
        assert place(lon=31.5, lat=6.2, **fields).radius_m == radius_m

    @pytest.mark.parametrize(
        ("fields", "radius_m"),
        [
            ({}, 70.7107),
            ({"precision": "P1"}, 70.7107),
            ({"precision": "P3"}, 1_000.0),
            ({"precision": "P7"}, None),
            ({"uncertainty_m": 500.0}, 500.0),
            ({"accuracy_m": 5.0}, 70.7107),
        ],
    )
    def test_of_a_grid_reference_is_never_less_than_its_square(
        self, fields: dict[str, Any], radius_m: float | None
    ) -> None:
        found = place(mgrs="36NUM406866", **fields).radius_m
        assert found == (None if radius_m is None else pytest.approx(radius_m))
