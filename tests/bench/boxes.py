"""A box for a benchmark: the sample mission, whose records begin when the reports do."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from deploy.box import open_box
from deploy.database import Database
from processing.adapters.sql.rules import store_rules
from processing.rules.loading import default_rules
from schemas.rule import Recurrence, Rule, TempoEscalation
from tests.bench.generator import START
from tests.support.box import RunningBox, make_box
from tests.support.receiver import SECRET

_POLL_S = 0.01
# To count takes milliseconds of a core that is measured.
_COUNT_S = 0.05
NOBODY = "http://127.0.0.1:9/hook"


@contextmanager
def bench_box(
    folder: Path, *, receiver_url: str = NOBODY, **settings: object
) -> Iterator[RunningBox]:
    """Prepare a box in a folder; what was started in it is stopped at the end."""
    box = make_box(
        folder, receiver_url=receiver_url, webhook_secret=SECRET, log_level="warning", **settings
    )
    with open_box(box.settings) as opened:
        use_rules(opened.database)
    try:
        yield box
    finally:
        box.stop()


def start(box: RunningBox, *names: str) -> None:
    """Start services one after another: a busy machine takes long over each."""
    for name in names:
        try:
            box.start(name)
        except AssertionError:
            box.wait_ready(name)


def use_rules(database: Database) -> None:
    """Say to the rules that look at a past that nothing was recorded before the first report.

    Without it each county's first week would be a rise.
    """
    store_rules(database.begin, [_recorded(rule) for rule in default_rules().rules], now=START)


def wait_stored(box: RunningBox, *, within_s: float) -> float:
    """Wait until all that is spooled is committed; return when that was, on the monotonic clock."""
    deadline = time.monotonic() + within_s
    end = box.spooled()
    if box.settings.database_url is not None:
        return _wait_stored_elsewhere(box, end, deadline)
    path = f"file:{box.settings.database_path}?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=10)) as database:
        while _next_position(database) <= end:
            assert not box.is_dead("desk"), box.tail()
            assert time.monotonic() < deadline, f"{box.processed()} of {end} stored\n{box.tail()}"
            time.sleep(_POLL_S)
    return time.monotonic()


def _wait_stored_elsewhere(box: RunningBox, count: int, deadline: float) -> float:
    """Wait until so many reports are stored: of what a benchmark sends none comes twice."""
    query = "SELECT count(*) FROM reports"
    with psycopg.connect(box.settings.database_url.get_secret_value(), autocommit=True) as database:  # type: ignore[union-attr] # it was looked at
        while (stored := database.execute(query).fetchone()) != (count,):
            assert time.monotonic() < deadline, f"{stored} of {count} stored\n{box.tail()}"
            time.sleep(_COUNT_S)
    return time.monotonic()


def _next_position(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT coalesce(max(position), 1) FROM positions").fetchone()[0])


def _recorded(rule: Rule) -> Rule:
    if isinstance(rule, TempoEscalation | Recurrence):
        changed: Rule = rule.model_copy(
            update={"records_from": START.date(), "version": rule.version + 1}
        )
        return changed
    return rule
