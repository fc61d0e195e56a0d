"""Scenes kept in memory are what the database holds, whoever wrote it and whatever failed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.adapters.sql.scene_cache import SceneCache
from processing.adapters.sql.transaction import stores_of
from processing.batch.rows import ReportRow
from processing.pipeline import Pipeline
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


def cells(made: Database) -> list[tuple[int, int]]:
    with made.read() as connection:
        found = connection.exec_driver_sql("SELECT DISTINCT day, cell4 FROM reports")
        return [(row[0], row[1]) for row in found]


def stored(made: Database) -> list[ReportRow]:
    with made.begin() as connection:
        return sorted(stores_of(connection).reports.of_scene(cells(made)))


def sees(desk: Desk) -> list[ReportRow]:
    asked = cells(desk.made)
    with desk.transaction() as stores:
        return sorted(stores.reports.of_scene(asked))


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
        data.draw(st.sampled_from(desks)).process(reports)
        for desk in desks:
            assert sees(desk) == stored(made)


def test_what_was_rolled_back_is_forgotten(made: Database) -> None:
    desk = Desk(made, "node-a")
    desk.process([admitted(report("root-1"))])
    before = sees(desk)

    def crash(name: str) -> None:
        if name == "batch.before_commit":
            raise KeyError

    broken = Pipeline(desk.transaction, ZONE, clock=FixedClock(), link=link, checkpoint=crash)
    more = log_of([admitted(report("root-2", event_type="VC_KILLING"))], start=1)
    with pytest.raises(KeyError):
        broken(next(iter(batches(more, made, size=1))))
    assert sees(desk) == before == stored(made)
    assert len(before) == 1


def test_what_was_not_looked_at_for_longest_is_forgotten_first(made: Database) -> None:
    Desk(made, "node-a").process([admitted(report("root-1"))])
    (row,) = stored(made)
    cache = SceneCache(most_rows=2)
    for day in (1, 2, 3):
        cache.fill([day], [row._replace(report_id=f"report-{day}", day=day, cell4=0)])
    assert cache.missing([(1, 0)]) == []
    cache.shrink()
    assert cache.missing([(1, 0), (2, 0), (3, 0)]) == [2]
