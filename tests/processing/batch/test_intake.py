from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from processing.batch.account import account
from processing.batch.intake import Arrival, rank, sift, turnovers
from processing.batch.rows import ReportRow
from processing.engine.batch import Decoded
from processing.fuse.said import is_happening
from schemas.codec import encode
from schemas.log import Record
from tests.processing.building import NOON, admitted, report


def arrived(text: str, *, minute: int, node: str, position: int, revision: int = 1) -> Arrival:
    said = report("root-1", text=text, revision=revision)
    one = admitted(said, node=node, received_at=NOON + timedelta(minutes=minute))
    return Decoded(Record(partition=node, position=position, value=encode(one)), account(one))


def row(one: Arrival, *, current: bool = True, incident_id: str | None = None) -> ReportRow:
    """An arrival as it would be stored, as far as sifting looks at it."""
    root_id, revision = one.message.key
    return ReportRow(
        report_id=f"{root_id}/{revision}/{one.message.sha256[:8]}",
        root_id=root_id,
        revision=revision,
        current=current,
        node=one.message.node,
        position=one.record.position,
        unit_id="unit-1",
        sha256=one.message.sha256,
        received_at=one.message.received_us,
        occurred_start=0,
        day=0,
        event_type="OTHER",
        event_class="OTHER",
        record_kind="INCIDENT",
        fusible=True,
        lon=None,
        lat=None,
        radius_m=None,
        place_from=None,
        cell4=0,
        adm1=None,
        adm2=None,
        adm2_candidates=None,
        level=0,
        exercise=False,
        incident_id=incident_id,
        body=one.record.value,
    )


RIVALS = st.lists(
    st.builds(
        arrived,
        st.sampled_from(("one", "two", "three")),
        minute=st.integers(0, 3),
        node=st.sampled_from(("node-a", "node-b")),
        position=st.integers(0, 50),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: (one.record.partition, one.record.position),
)


def kept(arrivals: Sequence[Arrival], cuts: Sequence[int]) -> ReportRow:
    """Sift arrivals in batches that end at some cuts, and return what is stored at the end."""
    stored: list[ReportRow] = []
    edges = [0, *sorted(cuts), len(arrivals)]
    for first, last in pairwise(edges):
        sifted = sift(arrivals[first:last], stored)
        stored = [one for one in stored if one not in sifted.displaced]
        stored += [row(one) for one in sifted.new]
    (one,) = stored
    return one


@given(data=st.data(), rivals=RIVALS)
def test_the_same_body_wins_whatever_the_order_and_the_cuts(
    data: st.DataObject, rivals: list[Arrival]
) -> None:
    shuffled = data.draw(st.permutations(rivals))
    cuts = data.draw(st.lists(st.integers(0, len(rivals)), max_size=3))
    best = min(rivals, key=rank)
    assert kept(shuffled, cuts) == kept(rivals, []) == row(best)


@given(rivals=RIVALS)
def test_every_body_is_stored_or_set_aside(rivals: list[Arrival]) -> None:
    sifted = sift(rivals, [])
    (winner,) = sifted.new
    kept_bodies = {one.message.sha256 for one in (winner, *sifted.refused)}
    assert {one.message.sha256 for one in rivals} == kept_bodies


def test_a_stored_body_that_loses_is_set_aside_too() -> None:
    late = row(arrived("late", minute=5, node="node-a", position=3))
    early = arrived("early", minute=1, node="node-b", position=9)
    sifted = sift([early], [late])
    assert (sifted.new, sifted.displaced, sifted.overruled) == ((early,), (late,), (late,))


class TestTurnovers:
    def test_the_highest_revision_counts_in_any_order(self) -> None:
        first = row(arrived("one", minute=0, node="node-a", position=0), current=True)
        second = row(arrived("two", minute=1, node="node-a", position=1, revision=2))
        (one,) = turnovers([second], [first], [])
        assert (one.before, one.after) == (first, second)
        assert not turnovers([first], [second], [])

    def test_a_displaced_revision_is_what_counted_before(self) -> None:
        loser = row(arrived("late", minute=5, node="node-a", position=0), incident_id="i")
        winner = row(arrived("early", minute=1, node="node-b", position=0))
        (one,) = turnovers([winner], [loser], [loser])
        assert (one.before, one.after) == (loser, winner)

    def test_of_two_new_revisions_only_the_higher_one_counts(self) -> None:
        rows = [
            row(arrived("x", minute=0, node="node-a", position=n, revision=n)) for n in (2, 1, 3)
        ]
        (one,) = turnovers(rows, [], [])
        assert (one.before, one.after) == (None, rows[2])


def test_only_what_happened_becomes_an_incident() -> None:
    for fields, expected in (
        ({"record_kind": "INCIDENT"}, True),
        ({"record_kind": "COMMUNITY_ALERT"}, True),
        ({"record_kind": "OBSERVATION"}, True),
        ({"record_kind": "POSITION"}, False),
        ({"record_kind": "INCIDENT", "report_kind": "NIL"}, False),
        ({"record_kind": "INCIDENT", "report_kind": "RETRACTION"}, False),
    ):
        assert is_happening(report("root-1", **fields)) is expected
