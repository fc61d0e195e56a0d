import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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


READS = 300_000
_READER = f"""
import sys
from pathlib import Path
from deploy.box import REPLAY_START
from deploy.clocks import open_stepped_clock
clock = open_stepped_clock(Path(sys.argv[1]), start=REPLAY_START)
print("ready", flush=True)
print(min(clock.now() for _ in range({READS})).isoformat())
"""


def test_another_process_never_sees_half_a_step(tmp_path: Path) -> None:
    clock = open_stepped_clock(tmp_path / "clock", start=START)
    with subprocess.Popen(
        [sys.executable, "-c", _READER, str(tmp_path / "clock")], stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        to = START
        while reader.poll() is None:
            to += timedelta(minutes=7)
            clock.step(to)
        assert datetime.fromisoformat(reader.stdout.read().strip()) >= START


def test_no_step_goes_back_when_threads_step_at_once(tmp_path: Path) -> None:
    clock = open_stepped_clock(tmp_path / "clock", start=START)
    steps = range(2_000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: clock.step(START + timedelta(seconds=n)), steps))
    assert clock.now() == START + timedelta(seconds=steps[-1])
