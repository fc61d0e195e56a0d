from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.batch.account import account
from processing.batch.contents import Contents
from processing.batch.placing import places, report_rows
from processing.batch.rows import ReportRow
from processing.engine.batch import Decoded
from processing.fuse.said import said
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas.codec import encode
from schemas.log import Record
from tests.processing.building import ZONE, admitted, report
from tests.processing.world import FEATURES

REPORTS = [admitted(report(f"root-{n}")) for n in range(12)]


def rows() -> list[ReportRow]:
    arrivals = [
        Decoded(Record(partition="p", position=n, value=encode(one)), account(one))
        for n, one in enumerate(REPORTS)
    ]
    asked = places([one.message for one in arrivals], ZONE)
    located = Locator(LayerSet.of(FEATURES)).locate(asked)
    return report_rows(arrivals, asked.day.tolist(), located)


ROWS = rows()
BODIES = {row.report_id: row.body for row in ROWS}


@given(batches=st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=4), max_size=20))
def test_what_a_batch_asked_for_is_there_and_the_last_stay(batches: list[list[int]]) -> None:
    contents = Contents(kept=8)
    for batch in batches:
        wanted = [ROWS[n] for n in batch]
        contents.take_in(contents.missing(wanted), BODIES)
        assert not contents.missing(wanted)
        assert [contents.of(row) for row in wanted] == [said(REPORTS[n]) for n in batch]
        contents.shrink()
        assert not contents.missing(wanted)
        assert len(ROWS) - len(contents.missing(ROWS)) <= 8 + len(batch)
