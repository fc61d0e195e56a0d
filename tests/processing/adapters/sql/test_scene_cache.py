"""Scenes kept in memory are what the database holds, whoever wrote it and whatever failed."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.adapters.sql.scene_cache import SceneCache
from processing.adapters.sql.transaction import stores_of
from processing.batch.contents import Contents
from processing.batch.rows import ReportRow
from processing.batch.stores import ReportStore
from processing.fuse.columns import Sighting
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

Seen = list[tuple[ReportRow, Sighting, str, list[float]]]


def looked_at(store: ReportStore, days: Collection[int]) -> Seen:
    """Each row of some days with what their columns say of it."""
    contents = Contents()
    found: Seen = []
    for day in store.of_days(days).values():
        rows = day.rows()
        contents.take_in(rows.values(), store.bodies([row.report_id for row in rows.values()]))
        columns = day.columns(contents)
        assert len(columns) == len(rows)
        for place, one in enumerate(columns.sightings):
            incident = columns.incident_id[place]
            assert place in day.places_in(incident)
            found.append((rows[one.root_id], one, incident, columns.numbers[:, place].tolist()))
    return sorted(found)


def days(made: Database) -> list[int]:
    with made.read() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT DISTINCT day FROM reports")]


def stored(made: Database) -> Seen:
    with made.begin() as connection:
        return looked_at(stores_of(connection).reports, days(made))


def sees(desk: Desk) -> Seen:
    asked = days(desk.made)
    with desk.transaction() as stores:
        return looked_at(stores.reports, asked)


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
    ((row, *_),) = stored(made)
    cache = SceneCache(most_rows=2)
    for day in (1, 2, 3):
        cache.fill([day], [row._replace(report_id=f"report-{day}", day=day)])
    assert cache.missing([1]) == []
    cache.shrink()
    assert cache.missing([1, 2, 3]) == [2]
