from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.clocks import SystemClock, open_stepped_clock

START = datetime(2013, 12, 15, tzinfo=UTC)


def test_a_stepped_clock_stands_still_until_it_is_stepped(tmp_path: Path) -> None:
    clock = open_stepped_clock(tmp_path / "clock", start=START)
    assert clock.now() == clock.now() == START
    clock.step(START + timedelta(microseconds=1))
    assert clock.now() == START + timedelta(microseconds=1)


def test_a_stepped_clock_never_goes_back(tmp_path: Path) -> None:
    clock = open_stepped_clock(tmp_path / "clock", start=START)
    clock.step(START - timedelta(days=1))
    assert clock.now() == START


def test_two_openings_of_a_stepped_clock_show_the_same_time(tmp_path: Path) -> None:
    one = open_stepped_clock(tmp_path / "clock", start=START)
    other = open_stepped_clock(tmp_path / "clock", start=START + timedelta(days=9))
    one.step(START + timedelta(days=1))
    assert other.now() == START + timedelta(days=1)


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
