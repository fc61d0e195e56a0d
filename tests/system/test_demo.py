"""The main job as a stranger sees it: `tocsin demo`, a browser on the map, Ctrl-C, and again."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.box import free_port, wait_for

# Two months in half a minute; people see it in two minutes.
SPEED = 180_000
STARTS_WITHIN_S = 120.0
REPLAYED_WITHIN_S = 240.0
PASSWORD = "a long enough passphrase"
RULES = {"R01", "R03", "R05", "R08", "R09"}


class Demo:
    """One run of the demo, with what it has printed so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._output = folder.parent / f"demo-{time.monotonic_ns()}.log"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "deploy.cli",
                    "demo",
                    f"--port={port}",
                    f"--speed={SPEED}",
                    "--no-browser",
                    f"--data-dir={folder}",
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_text(self, words: str, *, within_s: float) -> None:
        def has() -> bool:
            assert self.process.poll() is None, self.text()
            return words in self.text()

        wait_for(has, within_s=within_s, saying=f"{words!r} in:\n{self.text()[-2000:]}")

    def link(self) -> str:
        found = re.search(r"http://\S+/#/sign-in\?token=\S+", self.text())
        assert found, self.text()
        return found.group()

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder / 'tocsin.db'}?mode=ro", uri=True)) as db:
            return list(db.execute(query))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    started = Demo(tmp_path_factory.mktemp("demo") / "data", free_port())
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(chromium),
            args=["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def page(demo: Demo, browser: Browser) -> Iterator[Page]:
    demo.wait_text("/#/sign-in?token=", within_s=STARTS_WITHIN_S)
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(30_000)
    opened.goto(demo.link())
    opened.get_by_test_id("sign-in-password").fill(PASSWORD)
    opened.get_by_test_id("sign-in-password-repeat").fill(PASSWORD)
    opened.get_by_test_id("sign-in-button").click()
    expect(opened.get_by_test_id("inbox")).to_be_visible()
    yield opened
    opened.close()


def test_the_page_says_that_it_is_a_replay(page: Page) -> None:
    expect(page.get_by_test_id("replay-banner")).to_contain_text("REPLAY")


def test_the_map_shows_incidents(page: Page) -> None:
    page.get_by_test_id("span-all").click()
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=map]').dataset.incidents || 0) > 3"
    )


def test_the_replay_ends_with_all_rules_and_only_verified_webhooks(demo: Demo, page: Page) -> None:
    demo.wait_text("Now send a report of your own", within_s=REPLAYED_WITHIN_S)
    assert "NOT VERIFIED" not in demo.text()
    assert demo.text().count("verified") > 10
    shown = {str(row[0]) for row in demo.rows("SELECT rule_id FROM flags WHERE state='RAISED'")}
    assert shown == RULES
    expect(page.get_by_test_id("alert-row").first).to_be_visible()


def test_an_alert_says_why_and_is_acknowledged_without_a_reload(page: Page) -> None:
    row = page.locator("[data-testid=alert-row][data-state=RAISED]").first
    alert_id = row.get_attribute("data-alert-id")
    row.click()
    expect(page.get_by_test_id("detail")).to_be_visible()
    expect(page.get_by_test_id("why")).to_contain_text(re.compile(r"\w{3,}"))
    page.get_by_test_id("acknowledge").click()
    changed = page.locator(f"[data-testid=alert-row][data-alert-id='{alert_id}']")
    expect(changed).to_have_attribute("data-state", "ACKNOWLEDGED")
    expect(page.get_by_test_id("ledger")).to_contain_text("Acknowledged by admin")


def test_the_readers_own_report_appears(demo: Demo, page: Page) -> None:
    before = {row.get_attribute("data-alert-id") for row in page.get_by_test_id("alert-row").all()}
    demo.wait_text("Ctrl-C stops everything", within_s=30)
    command = next(line for line in demo.text().splitlines() if line.startswith("curl "))
    answer = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=30)
    receipt = json.loads(answer.stdout)
    assert receipt["state"] in {"accepted", "stored"}, receipt

    def has_new() -> bool:
        now = {row.get_attribute("data-alert-id") for row in page.get_by_test_id("alert-row").all()}
        return bool(now - before)

    wait_for(has_new, within_s=20, saying="the reader's alert in the inbox")


def test_ctrl_c_ends_cleanly_and_starting_again_stores_nothing_twice(demo: Demo) -> None:
    assert demo.interrupt() == 0
    assert "Traceback" not in demo.text()
    counted = "SELECT count(*), count(DISTINCT root_id || revision) FROM reports"
    before = demo.rows(counted)
    again = Demo(demo.folder, demo.port)
    try:
        again.wait_text("Ctrl-C stops everything", within_s=STARTS_WITHIN_S)
    finally:
        status = again.interrupt()
    assert status == 0
    assert demo.rows(counted) == before
    assert before[0][0] == before[0][1]
