from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.batch.account import account
from processing.batch.cube import Seen, contributions, difference
from processing.batch.incidents import compose
from processing.batch.placing import places, report_rows
from processing.engine.batch import Decoded
from processing.fuse.summary import Member
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas.codec import encode
from schemas.log import Record
from schemas.report import AdmittedReport
from tests.processing.building import ZONE, admitted, report
from tests.processing.world import FEATURES

LOCATOR = Locator(LayerSet.of(FEATURES))
LEVELS = ("UNCLASSIFIED", "CONFIDENTIAL", "STRICTLY_CONFIDENTIAL")


def seen(reports: list[AdmittedReport]) -> Seen:
    """One incident of some reports."""
    arrivals = [
        Decoded(Record(partition="p", position=n, value=encode(one)), account(one))
        for n, one in enumerate(reports)
    ]
    asked = places([one.message for one in arrivals], ZONE)
    rows = report_rows(arrivals, asked.day.tolist(), LOCATOR.locate(asked))
    members = [Member(one.message.said, row) for row, one in zip(rows, arrivals, strict=True)]
    return compose([members], LOCATOR)[0]


def said(root: int, level: int, killed: int, event: str, east: int) -> AdmittedReport:
    return admitted(
        report(
            f"root-{root}",
            event_type=event,
            sensitivity=LEVELS[level],
            victims=[{"harm": "KILLED", "best": killed, "population": "CIVILIANS"}],
            location={"lon": 30.999 + 0.002 * east, "lat": 6.2},
        ),
        radius_m=25.0 if east else 100.0,
    )


SIDES = st.lists(
    st.builds(
        said,
        st.integers(1, 99),
        st.integers(0, 2),
        st.integers(0, 9),
        st.sampled_from(("VC_KILLING", "OTHER")),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.report.root_id,
)


@given(reports=SIDES)
def test_a_viewer_who_sums_the_rows_up_to_their_level_sees_their_view(
    reports: list[AdmittedReport],
) -> None:
    one = seen(reports)
    rows = difference([], [one])
    for level in range(3):
        visible = [row for row in rows if row.level <= level]
        below = [view for at, view in one.by_level() if at <= level]
        deaths = below[-1].victims.killed_best if below else 0
        assert sum(row.incidents for row in visible) == bool(below)
        assert sum(row.deaths for row in visible) == deaths
        classes = {row.event_class for row in visible if row.incidents > 0}
        assert not below or below[-1].event_class in classes


@given(before=SIDES, after=SIDES)
def test_what_was_taken_away_and_added_is_the_difference(
    before: list[AdmittedReport], after: list[AdmittedReport]
) -> None:
    old, new = seen(before), seen(after)
    assert not difference([old], [old])
    total: dict[tuple[object, ...], tuple[int, ...]] = {}
    for sign, side in ((-1, old), (1, new)):
        for key, sums in contributions(side, sign=sign):
            held = total.get(key, (0, 0, 0, 0))
            total[key] = tuple(a + b for a, b in zip(held, sums, strict=True))
    expected = {(*key, *sums) for key, sums in total.items() if any(sums)}
    assert {tuple(row) for row in difference([old], [new])} == expected


def test_exercises_count_nowhere() -> None:
    drill = admitted(report("root-1", exercise=True))
    assert not difference([], [seen([drill])])
