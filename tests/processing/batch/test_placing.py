"""Reports are where they are, whoever placed them; other layers than ours say nothing."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from processing.batch.account import Account, account
from processing.batch.incidents import compose
from processing.batch.intake import Arrival
from processing.batch.placing import known_near, place, placed_rows
from processing.batch.rows import ReportRow
from processing.engine.batch import Decoded
from processing.fuse.summary import Member
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas.codec import encode
from schemas.log import Record
from schemas.report import AdmittedReport
from tests.processing.building import ZONE, admitted, report
from tests.processing.generating import report_sets
from tests.processing.world import FEATURES

LAYERS = Locator(LayerSet.of(FEATURES))
OTHERS = Locator(LayerSet.of(one for one in FEATURES if one.lon < 31.5))


def arrivals_of(reports: Sequence[AdmittedReport]) -> list[Arrival]:
    return [
        Decoded(Record(partition="p", position=n, value=encode(one)), account(one))
        for n, one in enumerate(reports)
    ]


def ahead(arrivals: Sequence[Arrival], locator: Locator) -> list[Arrival]:
    """The same, placed by whoever read ahead."""
    return [
        Decoded(one.record, Account._make((*one.message[:-1], placed)))
        for one, placed in zip(arrivals, place(arrivals, ZONE, locator), strict=True)
    ]


def bodies(arrivals: Sequence[Arrival], rows: Sequence[ReportRow], locator: Locator) -> list[bytes]:
    """Each report of something that happened as an incident of its own."""
    groups = [
        [Member(one.message.said, row)]
        for one, row in zip(arrivals, rows, strict=True)
        if one.message.said.is_happening
    ]
    near = known_near(arrivals, locator)
    return [seen.incident.body() for seen in compose(groups, locator, known_near=near)]


@given(reports=report_sets(), data=st.data())
def test_rows_and_what_is_near_are_the_same_whoever_placed(
    reports: list[AdmittedReport], data: st.DataObject
) -> None:
    arrivals = arrivals_of(reports)
    by = data.draw(st.lists(st.integers(0, 2), min_size=len(reports), max_size=len(reports)))
    ways = (arrivals, ahead(arrivals, LAYERS), ahead(arrivals, OTHERS))
    mixed = [ways[way][n] for n, way in enumerate(by)]
    for locator in (LAYERS, OTHERS):
        expected = placed_rows(arrivals, ZONE, locator)
        rows = placed_rows(mixed, ZONE, locator)
        assert rows == expected
        assert bodies(mixed, rows, locator) == bodies(arrivals, expected, locator)


def test_what_was_found_with_the_same_layers_is_taken_as_it_is() -> None:
    (one,) = ahead(arrivals_of([admitted(report("root-1"))]), LAYERS)
    assert one.message.placed is not None
    assert placed_rows([one], ZONE, LAYERS)[0] is one.message.placed.row
    near = known_near([one], LAYERS)[one.message.report_id]
    assert {found["feature_id"] for found in orjson.loads(near)} >= {"town-east", "site-east"}
    assert not known_near([one], OTHERS)


def test_two_that_contradict_each_other_have_each_what_is_near_it() -> None:
    here = admitted(report("root-1", location={"lon": 31.5, "lat": 6.2}))
    there = admitted(report("root-1", location={"lon": 30.2, "lat": 6.4}))
    both = ahead(arrivals_of([here, there]), LAYERS)
    assert both[0].message.report_id == both[1].message.report_id
    found = [known_near([one], LAYERS)[one.message.report_id] for one in both]
    nearest = [orjson.loads(near)[0]["feature_id"] for near in found]
    assert nearest == ["town-east", "town-west"]
