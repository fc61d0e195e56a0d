"""The same set of reports gives the same conclusions, whatever its order, cuts and repetitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.adapters.sql.state_hash import dump
from processing.batch.account import Account
from processing.batch.intake import Arrival
from schemas.codec import encode
from schemas.report import AdmittedReport
from tests.processing.batch.test_placing import LAYERS, OTHERS, ahead
from tests.processing.building import MemoryLog, Prepare, batches, log_of, pipeline, process
from tests.processing.conftest import MakeMission
from tests.processing.generating import report_sets

# The store is a file, and machines differ: time says nothing here.
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def concluded(
    make_mission: MakeMission,
    reports: Sequence[AdmittedReport],
    *,
    size: int = 100,
    prepare: Prepare = tuple,
    is_urgent: Callable[[Account], bool] | None = None,
) -> list[bytes]:
    made = make_mission()
    process(made, reports, size=size, prepare=prepare, is_urgent=is_urgent)
    return list(dump(made.read))


@FEW
@given(data=st.data(), reports=report_sets())
def test_neither_order_nor_cuts_matter(
    make_mission: MakeMission, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    shuffled = data.draw(st.permutations(reports))
    size = data.draw(st.sampled_from((1, 2, 7)))
    assert concluded(make_mission, shuffled, size=size) == concluded(make_mission, reports)


@FEW
@given(data=st.data(), reports=report_sets(max_size=8))
def test_repetitions_do_not_matter(
    make_mission: MakeMission, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    again = data.draw(st.lists(st.sampled_from(reports), max_size=6))
    mixed = data.draw(st.permutations([*reports, *again]))
    assert concluded(make_mission, mixed, size=3) == concluded(make_mission, reports)


@FEW
@given(data=st.data(), reports=report_sets())
def test_what_went_before_its_batch_does_not_matter(
    make_mission: MakeMission, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    urgent = data.draw(st.sets(st.sampled_from([one.report.root_id for one in reports])))
    found = concluded(make_mission, reports, size=5, is_urgent=lambda one: one.key[0] in urgent)
    assert found == concluded(make_mission, reports)


@FEW
@given(data=st.data(), reports=report_sets())
def test_who_placed_the_reports_does_not_matter(
    make_mission: MakeMission, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    """Nor that some were placed with layers that hold no more."""

    def prepare(arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        ways = (arrivals, ahead(arrivals, LAYERS), ahead(arrivals, OTHERS))
        return [ways[data.draw(st.integers(0, 2))][n] for n in range(len(arrivals))]

    found = concluded(make_mission, reports, size=5, prepare=prepare)
    assert found == concluded(make_mission, reports)


@FEW
@given(data=st.data(), reports=report_sets())
def test_what_another_worker_stored_before_its_batch_does_not_matter(
    make_mission: MakeMission, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    """Nor that it did not move a position for that: what both keep in memory stays true."""
    half = data.draw(st.integers(0, len(reports)))
    made = make_mission()
    one, other = pipeline(made), pipeline(made)
    theirs = MemoryLog(partition="node-z")
    for report in reports[half:]:
        theirs.append(encode(report))
    mine = list(batches(log_of(reports[:half]), made, size=2))
    urgent = list(batches(theirs, made, size=2))
    for number in range(max(len(mine), len(urgent))):
        for batch in urgent[number : number + 1]:
            other(batch.ahead())
        for batch in mine[number : number + 1]:
            one(batch)
        for batch in urgent[number : number + 1]:
            other(batch)
    assert list(dump(made.read)) == concluded(make_mission, reports)
