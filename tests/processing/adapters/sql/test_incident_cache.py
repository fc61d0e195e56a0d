"""What is kept in memory is what the database holds, whoever wrote it and whatever failed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.adapters.sql.incident_cache import IncidentCache, LiveRow
from processing.adapters.sql.transaction import stores_of
from processing.pipeline import Pipeline
from processing.rules.exhibit import read_exhibit
from processing.rules.window import IncidentColumns, IncidentWindow
from schemas.clock import day_start_ms
from schemas.identity import incident_id
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


def sees(desk: Desk, windows: list[IncidentWindow]) -> IncidentColumns:
    with desk.transaction() as stores:
        return with_bodies(stores.incidents.of_windows(windows))


def with_bodies(columns: IncidentColumns) -> IncidentColumns:
    return replace(columns, body=list(columns.body))


def stored(made: Database, windows: list[IncidentWindow]) -> IncidentColumns:
    with made.begin() as connection:
        return with_bodies(stores_of(connection).incidents.of_windows(windows))


def all_cells(made: Database) -> frozenset[int]:
    with made.read() as connection:
        found = connection.exec_driver_sql("SELECT DISTINCT cell4 FROM reports")
        return frozenset(row[0] for row in found) | {0}


def assert_same(a: IncidentColumns, b: IncidentColumns) -> None:
    for name in IncidentColumns.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def windows(cells: frozenset[int]) -> list[IncidentWindow]:
    ever = IncidentWindow(cells4=cells, day_from=0, day_to=40_000)
    return [
        ever,
        replace(ever, event_classes=frozenset({"VAC", "CLASH"})),
        replace(ever, actor_keys=frozenset({"group-a"})),
        replace(ever, actor_keys=frozenset({"", "group-b"}), event_classes=frozenset({"CLASH"})),
        replace(ever, named_only=True),
        replace(ever, event_classes=frozenset({"CLASH"}), or_severity=4),
        replace(ever, day_from=16_055, day_to=16_055),
    ]


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
        # Later days first: what is kept then begins too late for the others.
        starts = data.draw(st.lists(st.integers(16_050, 16_120), max_size=2))
        cells = all_cells(made)
        later = [IncidentWindow(cells4=cells, day_from=d, day_to=40_000) for d in starts]
        for window in (*later, *windows(cells)[6:], *windows(cells)):
            assert_same(sees(desk, [window]), stored(made, [window]))
    everything = windows(all_cells(made))
    for desk in desks:
        assert_same(sees(desk, everything), stored(made, everything))


def test_what_was_rolled_back_is_forgotten(made: Database) -> None:
    desk = Desk(made, "node-a")
    desk.process([admitted(report("root-1"))])
    everything = windows(all_cells(made))
    before = sees(desk, everything)

    def crash(name: str) -> None:
        if name == "batch.before_commit":
            raise KeyError

    broken = Pipeline(desk.transaction, ZONE, clock=FixedClock(), link=link, checkpoint=crash)
    more = log_of([admitted(report("root-2", event_type="VC_KILLING"))], start=1)
    with pytest.raises(KeyError):
        broken(next(iter(batches(more, made, size=1))))
    assert_same(sees(desk, everything), before)
    assert len(before.incident_id) == 1


def test_is_bounded() -> None:
    one, two = (IncidentWindow(cells4=frozenset({at}), day_from=0, day_to=9) for at in (1, 2))
    cache = IncidentCache(most_rows=1)
    cache.fill([(1, 0)], [(1, live(16_055, "one"))])
    cache.shrink()
    assert not cache.missing([one])
    cache.fill([(2, 0)], [(2, live(16_055, "two"))])
    cache.shrink()
    assert [cell for cell, _ in cache.missing([one, two])] == [1, 2]


def live(day: int, name: str) -> LiveRow:
    return LiveRow(
        day, name, 0, "VC_KILLING", "VAC", "ARMED_GROUP", "", 3, None, None, None, None, None, 1
    )


def names() -> st.SearchStrategy[str]:
    """Ids of ours, some that begin alike up to the last digits, and others."""
    ours = st.builds(lambda root: incident_id(day_start_ms(16_055), root), st.text(max_size=3))
    return st.one_of(ours, ours.map(lambda one: f"{one[:-2]}00"), st.text("ab-", max_size=4))


@settings(max_examples=200)
@given(
    rows=st.lists(
        st.tuples(st.integers(16_054, 16_056), names(), st.integers(1, 3)),
        unique_by=lambda one: one[1],
    ),
    data=st.data(),
)
def test_order_is_that_of_days_and_ids_whatever_the_ids(
    rows: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    cache = IncidentCache()
    cache.fill([(1, 0), (2, 0), (3, 0)], [(cell, live(day, name)) for day, name, cell in rows])
    gone = data.draw(st.sets(st.sampled_from([name for _, name, _ in rows]))) if rows else set()
    cache.drop(gone)
    window = IncidentWindow(cells4=frozenset({1, 2, 3}), day_from=16_055, day_to=16_056)
    left = sorted((d, name) for d, name, _ in rows if name not in gone and d >= 16_055)
    for asked in ([window], [window, window]):
        columns = cache.columns(cache.select(asked), lambda ids: [b""] * len(ids))
        assert list(zip(columns.day.tolist(), columns.incident_id, strict=True)) == left


def test_what_was_looked_into_is_read_anew_after_a_write(made: Database) -> None:
    desk = Desk(made, "node-a")
    desk.process([admitted(report("root-1"))])
    everything = windows(all_cells(made))[:1]
    with desk.transaction() as stores:
        columns = stores.incidents.of_windows(everything)
        (first,) = columns.exhibits([0])
        assert columns.exhibits([0, 0]) == [first, first]
        assert columns.exhibits([0])[0] is first
    desk.process([admitted(report("root-1", revision=2, text="more is known"))])
    with desk.transaction() as stores:
        columns = stores.incidents.of_windows(everything)
        (now,) = columns.exhibits([0])
        assert now.evidence[1] == (("root-1", 2),)
        assert now == read_exhibit(columns.body[0])


def test_what_is_older_than_what_was_asked_for_is_neither_read_nor_kept(made: Database) -> None:
    desk = Desk(made, "node-a")
    desk.process([admitted(report("root-1"))])
    cells = all_cells(made)
    cache = IncidentCache()
    later = IncidentWindow(cells4=cells, day_from=16_500, day_to=16_600)
    missing = cache.missing([later])
    assert {cell for cell, _ in missing} == cells
    assert all(16_400 < since < 16_500 for _, since in missing)
    cache.fill(missing, [])
    with made.begin() as connection:
        ids = stores_of(connection).incidents.of_windows(windows(cells)[:1]).incident_id
        cache.put(stores_of(connection).incidents.of_ids(ids))
    assert not len(cache.select([later]))
    assert not cache.missing([later])
    assert cache.missing(windows(cells)[:1])
