from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.params import Interval, parse_box, parse_codes, parse_date, parse_interval
from api.problems import ProblemError
from schemas.geometry import BoundingBox

JUBA = ZoneInfo("Africa/Juba")


class TestBox:
    def test_reads_west_south_east_north(self) -> None:
        assert parse_box("24,3,36.5,13") == BoundingBox(west=24, south=3, east=36.5, north=13)

    def test_west_beyond_east_crosses_the_antimeridian(self) -> None:
        box = parse_box("170,-10,-170,10")
        assert box is not None
        assert box.contains(179, 0)
        assert box.contains(-179, 0)
        assert not box.contains(0, 0)

    @pytest.mark.parametrize(
        "text",
        ["", "1,2,3", "1,2,3,4,5,6", "a,b,c,d", "nan,0,1,1", "inf,0,1,1", "0,0,181,1", "0,0,1,91"],
    )
    def test_refuses_what_is_no_box_and_names_the_parameter(self, text: str) -> None:
        with pytest.raises(ProblemError) as refused:
            parse_box(text)
        assert refused.value.errors[0].parameter == "bbox"

    def test_refuses_south_above_north(self) -> None:
        with pytest.raises(ProblemError):
            parse_box("0,10,1,5")


class TestInterval:
    def test_one_time_is_both_ends(self) -> None:
        at = datetime(2013, 12, 16, 6, tzinfo=UTC)
        found = parse_interval("2013-12-16T06:00:00Z", JUBA)
        assert found == Interval(start=at, end=at, first_day=16055, last_day=16055)

    @pytest.mark.parametrize("end", ["", ".."])
    def test_two_dots_or_nothing_is_an_open_end(self, end: str) -> None:
        found = parse_interval(f"2013-12-16T06:00:00Z/{end}", JUBA)
        assert found is not None
        assert (found.end, found.last_day) == (None, None)

    def test_a_date_is_the_whole_mission_local_day(self) -> None:
        found = parse_interval("2013-12-16", JUBA)
        assert found is not None
        # Juba was three hours ahead of UTC in 2013.
        assert found.start == datetime(2013, 12, 15, 21, tzinfo=UTC)
        assert found.end == datetime(2013, 12, 16, 21, tzinfo=UTC) - timedelta(microseconds=1)
        assert (found.first_day, found.last_day) == (16055, 16055)

    def test_an_offset_is_turned_into_utc(self) -> None:
        found = parse_interval("2013-12-16T01:30:00+03:00/..", JUBA)
        assert found is not None
        assert found.start == datetime(2013, 12, 15, 22, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "../..",
            "/",
            "yesterday",
            "2013-12-16T06:00:00",
            "20131216",
            "2013-02-30",
            "2013-02-30T00:00:00Z",
            "9999-12-31",
            "0001-01-01",
            "2013-12-17/2013-12-16",
            "1387173600",
            "2013-12-16T06:00:00Z/2013-12-17T06:00:00Z/2013-12-18T06:00:00Z",
        ],
    )
    def test_refuses_what_is_no_interval_and_names_the_parameter(self, text: str) -> None:
        with pytest.raises(ProblemError) as refused:
            parse_interval(text, JUBA)
        assert refused.value.errors[0].parameter == "datetime"

    @given(st.text(max_size=60))
    def test_any_text_is_an_interval_or_a_bad_parameter(self, text: str) -> None:
        with suppress(ProblemError):
            parse_interval(text, JUBA)

    @given(
        st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - hypothesis wants them bare
        st.timedeltas(min_value=timedelta(), max_value=timedelta(days=900)),
    )
    def test_both_ends_belong_to_it(self, bare: datetime, length: timedelta) -> None:
        start = bare.replace(tzinfo=UTC)
        end = start + length
        found = parse_interval(f"{start.isoformat()}/{end.isoformat()}", JUBA)
        assert found is not None
        assert found.contains(start)
        assert found.contains(end)
        assert not found.contains(end + timedelta(microseconds=1))


class TestCodes:
    def test_commas_separate_them(self) -> None:
        assert parse_codes("kind", "R01,R03") == ("R01", "R03")

    def test_none_given_is_none(self) -> None:
        assert parse_codes("kind", None) == ()

    @pytest.mark.parametrize("text", ["", "a,,b", "a b", "x" * 65, ",".join("a" * 51), "é"])
    def test_refuses_what_is_no_list_of_codes(self, text: str) -> None:
        with pytest.raises(ProblemError) as refused:
            parse_codes("kind", text)
        assert refused.value.errors[0].parameter == "kind"


class TestDate:
    @pytest.mark.parametrize("text", ["2013-13-01", "20131201", "today", "2013-12-01T00:00:00Z"])
    def test_refuses_what_is_no_date(self, text: str) -> None:
        with pytest.raises(ProblemError):
            parse_date("at", text)
