from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.engine.batch import MAX_REASON, Batch, Decoded, SetAside, Stretch
from schemas.log import Record


def batch_of(*parts: str) -> Batch[str]:
    """A batch of partitions p0, p1...: g for a good record, b for a bad one."""
    records = [
        (Record(partition=f"p{part}", position=10 + i, value=b""), letter)
        for part, letters in enumerate(parts)
        for i, letter in enumerate(letters)
    ]
    return Batch(
        stretches=tuple(
            Stretch(partition=f"p{part}", epoch=part, start=10, end=10 + len(letters))
            for part, letters in enumerate(parts)
        ),
        records=tuple(Decoded(record, "m") for record, letter in records if letter == "g"),
        set_aside=tuple(SetAside(record, "why") for record, letter in records if letter == "b"),
    )


@given(
    parts=st.lists(st.text(alphabet="gb", min_size=1, max_size=12), min_size=1, max_size=4).filter(
        lambda parts: "".join(parts).count("g") > 1
    )
)
def test_halves_hold_everything_once_and_join_without_a_gap(parts: list[str]) -> None:
    whole = batch_of(*parts)
    first, second = whole.halves()
    for stretch in whole.stretches:
        mine = [one for one in first.stretches if one.partition == stretch.partition]
        mine += [one for one in second.stretches if one.partition == stretch.partition]
        assert (mine[0].start, mine[-1].end) == (stretch.start, stretch.end)
        assert [one.end for one in mine[:-1]] == [one.start for one in mine[1:]]
        assert {one.epoch for one in mine} == {stretch.epoch}
    assert first.is_bad() + second.is_bad() == whole.is_bad() == [x == "b" for x in "".join(parts)]
    assert first.records + second.records == whole.records
    assert len(first.records) < len(whole.records) > len(second.records)
    for half in (first, second):
        ranges = {one.partition: range(one.start, one.end) for one in half.stretches}
        held = [*(one.record for one in half.records), *(one.record for one in half.set_aside)]
        assert all(record.position in ranges[record.partition] for record in held)


def test_what_goes_ahead_moves_nothing() -> None:
    ahead = batch_of("gb", "g").ahead()
    assert [one.end for one in ahead.stretches] == [10, 10]
    assert (len(ahead.records), ahead.set_aside) == (2, ())


def test_a_refused_batch_keeps_its_messages_and_a_bounded_reason() -> None:
    refused = batch_of("gb").refused("x" * 1_000)
    assert not refused.records
    assert [one.message for one in refused.set_aside] == [None, "m"]
    assert len(refused.set_aside[1].reason) == MAX_REASON
