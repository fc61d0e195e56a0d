"""The cube that is kept in memory is the one that the database holds."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.adapters.sql.cube_cache import CubeCache
from processing.batch.rows import CubeRow
from processing.pipeline import Pipeline
from processing.rules.window import CubeColumns, CubeWindow
from schemas.report import AdmittedReport
from tests.processing.adapters.sql.desks import FEW, Desk
from tests.processing.building import (
    ZONE,
    Database,
    FixedClock,
    admitted,
    batches,
    link,
    log_of,
    report,
)
from tests.processing.conftest import MakeMission
from tests.processing.generating import report_sets

DAY = 16_055
NOBODY: frozenset[str] = frozenset()

# (adm2, day, event_class) to (incidents, civilian deaths).
Sums = dict[tuple[str, int, str], tuple[int, int]]


def sees(desk: Desk, *windows: CubeWindow) -> Sums:
    with desk.transaction() as stores:
        return sums(stores.cube.of_windows(windows))


def sums(cube: CubeColumns) -> Sums:
    """What is not zero."""
    found: Sums = {}
    for c, name in enumerate(cube.event_class):
        for a, adm2 in enumerate(cube.adm2):
            for d in range(cube.incidents.shape[2]):
                pair = int(cube.incidents[c, a, d]), int(cube.civilian_deaths[c, a, d])
                if any(pair):
                    found[adm2, cube.day_from + d, name] = pair
    return found


def stored(made: Database, *windows: CubeWindow) -> Sums:
    """All that lies in the hull of some windows."""
    counties = frozenset().union(*(one.adm2 for one in windows))
    first, last = min(one.day_from for one in windows), max(one.day_to for one in windows)
    classes = frozenset().union(*(one.event_classes for one in windows))
    with made.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT adm2, day, event_class, sum(incidents), sum(civilian_deaths) FROM cube "
            "GROUP BY 1, 2, 3"
        ).fetchall()
    return {
        (adm2, day, name): (incidents, deaths)
        for adm2, day, name, incidents, deaths in rows
        if adm2 in counties and first <= day <= last and (not classes or name in classes)
        if incidents or deaths
    }


def window(
    counties: frozenset[str], first: int, last: int, classes: frozenset[str] = NOBODY
) -> CubeWindow:
    return CubeWindow(adm2=counties, day_from=first, day_to=last, event_classes=classes)


def all_counties(made: Database) -> frozenset[str]:
    with made.read() as connection:
        found = connection.exec_driver_sql("SELECT DISTINCT adm2 FROM cube WHERE adm2 <> ''")
        return frozenset(row[0] for row in found) | {"nowhere"}


@FEW
@given(first=report_sets(max_size=6), second=report_sets(max_size=6), data=st.data())
def test_two_desks_see_what_either_stored(
    make_mission: MakeMission,
    data: st.DataObject,
    first: list[AdmittedReport],
    second: list[AdmittedReport],
) -> None:
    made = make_mission()
    desks = [Desk(made, "node-a"), Desk(made, "node-b")]
    for reports in (first, second, first[::-1]):
        desk = data.draw(st.sampled_from(desks))
        desk.process(reports)
        counties = all_counties(made)
        start = data.draw(st.integers(DAY - 400, DAY))
        asked = [
            window(counties, start, DAY + 30),
            window(counties, DAY, DAY, frozenset({"VAC", "CLASH"})),
        ]
        for one in asked:
            assert sees(desk, one) == stored(made, one)
    for desk in desks:
        ever = window(all_counties(made), 0, 40_000)
        assert sees(desk, ever) == stored(made, ever)


def test_what_was_rolled_back_is_forgotten(made: Database) -> None:
    desk = Desk(made, "node-a")
    desk.process([admitted(report("root-1"))])
    ever = window(all_counties(made), 0, 40_000)
    before = sees(desk, ever)

    def crash(name: str) -> None:
        if name == "batch.before_commit":
            raise KeyError

    broken = Pipeline(desk.transaction, ZONE, clock=FixedClock(), link=link, checkpoint=crash)
    more = log_of([admitted(report("root-2", event_type="VC_KILLING"))], start=1)
    with pytest.raises(KeyError):
        broken(next(iter(batches(more, made, size=1))))
    assert sees(desk, ever) == before
    assert len(before) == 1


def cube_rows() -> st.SearchStrategy[list[CubeRow]]:
    return st.lists(
        st.builds(
            CubeRow,
            adm2=st.sampled_from("ab"),
            day=st.integers(0, 500),
            cell5=st.just(0),
            event_class=st.sampled_from([f"class-{at}" for at in range(9)]),
            actor_class=st.just(""),
            level=st.just(0),
            incidents=st.integers(-3, 3),
            deaths=st.just(0),
            civilian_deaths=st.integers(-3, 3),
            weight_milli=st.just(0),
        ),
        max_size=12,
    )


@settings(max_examples=60)
@given(parts=st.lists(cube_rows(), max_size=4), data=st.data())
def test_follows_every_write_and_reads_earlier_days_when_they_are_asked_for(
    parts: list[list[CubeRow]], data: st.DataObject
) -> None:
    cache = CubeCache()
    written: list[CubeRow] = []
    for rows in parts:
        written += rows
        cache.add(rows)
        first = data.draw(st.integers(0, 500))
        asked = [
            window(frozenset(data.draw(st.sets(st.sampled_from("abc"), min_size=1))), first, 480)
        ]
        missing = cache.missing(asked)
        assert all(since <= first for _, since in missing)
        cache.fill(missing, [_sums_of(row) for row in written if _is_read(missing, row)])
        found = sums(cache.of_windows(asked))
        assert found == _expected(written, asked[0])
        assert not cache.missing(asked)


def _sums_of(row: CubeRow) -> tuple[str, int, str, int, int]:
    return row.adm2, row.day, row.event_class, row.incidents, row.civilian_deaths


def _is_read(missing: list[tuple[str, int]], row: CubeRow) -> bool:
    return any(row.adm2 == adm2 and row.day >= since for adm2, since in missing)


def _expected(rows: list[CubeRow], asked: CubeWindow) -> Sums:
    total: dict[tuple[str, int, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row.adm2 in asked.adm2 and asked.day_from <= row.day <= asked.day_to:
            total[row.adm2, row.day, row.event_class][0] += row.incidents
            total[row.adm2, row.day, row.event_class][1] += row.civilian_deaths
    return {key: (pair[0], pair[1]) for key, pair in total.items() if any(pair)}


def test_is_bounded() -> None:
    cache = CubeCache(most_sums=10)
    asked = [window(frozenset("a"), 100, 200)]
    cache.fill(cache.missing(asked), [("a", 150, "VAC", 1, 0)])
    assert not cache.missing(asked)
    cache.shrink()
    assert cache.missing(asked)


def test_no_window_gives_nothing() -> None:
    assert sums(CubeCache().of_windows([])) == {}
