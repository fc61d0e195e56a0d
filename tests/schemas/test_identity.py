from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.clock import day_date, day_start_ms, local_day
from schemas.identity import alert_id, report_id, report_ids, uuid8, uuid8_ms

TIMES = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2900, 1, 1),  # noqa: DTZ001 - ditto
    timezones=st.just(UTC),
)
REVISIONS = st.integers(1, 9_999)


@given(TIMES, st.text(max_size=20), st.integers())
def test_an_id_is_a_uuid_of_version_8(at: datetime, key: str, number: int) -> None:
    made = UUID(uuid8(at, key, number))
    assert made.version == 8
    assert made.variant == "specified in RFC 4122"
    assert str(made) == uuid8(at, key, number)


@given(TIMES, TIMES, st.text(max_size=5))
def test_ids_sort_by_event_time(one: datetime, other: datetime, key: str) -> None:
    if one + timedelta(milliseconds=2) < other:
        assert uuid8(one, key) < uuid8(other, key)


@given(st.lists(st.tuples(st.datetimes(timezones=st.just(UTC)), st.text(max_size=9), REVISIONS)))
@example([(datetime(1969, 12, 31, 23, tzinfo=UTC), "a", 1)] * 40)
@example([(datetime(2013, 12, 16, 9, 30, 0, at, tzinfo=UTC), "a", at) for at in range(0, 4000, 50)])
@example([(datetime.max.replace(tzinfo=UTC), "é", 9_999)] * 40)
def test_ids_of_many_reports_are_those_of_each(reports: list[tuple[datetime, str, int]]) -> None:
    one_by_one = [report_id(*one) for one in reports]
    starts, root_ids, revisions = zip(*reports, strict=True) if reports else ((), (), ())
    assert report_ids(starts, root_ids, revisions) == one_by_one


def test_parts_of_a_key_do_not_run_together() -> None:
    assert uuid8_ms(0, "a", "bc") != uuid8_ms(0, "ab", "c")
    assert alert_id(0, "SS06", "ARMED_GROUP") != alert_id(0, "SS06A", "RMED_GROUP")


def test_times_before_1970_are_clamped() -> None:
    assert uuid8_ms(-5, "a") == uuid8_ms(0, "a")


def test_a_day_is_the_missions_own() -> None:
    late = datetime(2013, 12, 15, 22, 30, tzinfo=UTC)
    assert day_date(local_day(late, ZoneInfo("Africa/Juba"))).isoformat() == "2013-12-16"
    assert day_date(local_day(late, ZoneInfo("UTC"))).isoformat() == "2013-12-15"
    assert day_start_ms(1) == 86_400_000
