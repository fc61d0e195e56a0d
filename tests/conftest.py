"""What holds for every check: nothing leaves this machine, and in CI nothing is skipped."""

import ipaddress
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SYSTEM_TESTS = Path(__file__).parent / "system"
SYSTEM = "tests/system/"
# The longest, which have a worker of their own.
HOUSE = ("tests/system/test_house", "tests/system/test_borders")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


# No test asserts a time: a busy machine may take ten times as long over any example.
settings.register_profile(
    "untimed", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


class LeftTheMachineError(Exception):
    """A check tried to reach another machine; give it a fake or a loopback server."""


def _stay_on_loopback(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = args[1]
    if not isinstance(address, tuple) or address[0] == "localhost":
        return
    try:
        is_inside = ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        is_inside = False
    if not is_inside:
        raise LeftTheMachineError(str(address))


def _count_skip_as_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    is_expected_failure = hasattr(report, "wasxfail")
    if not report.skipped or is_expected_failure or os.environ.get("CI") != "true":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"in CI every check runs, but this one was skipped: {reason}"


def pytest_configure() -> None:
    # An audit hook also sees connections that are made inside a library.
    sys.addaudithook(_stay_on_loopback)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _count_skip_as_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _count_skip_as_failure(report)
    return report


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let `-m system` choose the tests that start processes."""
    if item.path.is_relative_to(SYSTEM_TESTS):
        item.add_marker(pytest.mark.system)


class SystemTestsTogether(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Sends the system tests to two workers, one after another: each wants a core and more.

    xdist's own groups (`--dist loadgroup`) mark node ids in a way that pytest 9.2 ignores.
    """

    @override
    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(HOUSE):
            return HOUSE[0]
        return SYSTEM if nodeid.startswith(SYSTEM) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SystemTestsTogether:
    return SystemTestsTogether(config, log)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that `make test` found or installed; $CHROMIUM names another one."""
    names = (os.environ.get("CHROMIUM", ""), *CHROMIUM_NAMES)
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    assert found, "no Chromium: `make test` installs one on Debian, or set CHROMIUM to its path"
    return Path(found)
