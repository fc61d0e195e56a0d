from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.engine.batch import MAX_REASON, Batch, Decoded, SetAside
from schemas.log import Record


def batch_of(letters: str) -> Batch[str]:
    records = [Record(partition="p", position=10 + i, value=b"") for i in range(len(letters))]
    return Batch(
        partition="p",
        epoch=1,
        start=10,
        end=10 + len(letters),
        records=tuple(Decoded(r, "m") for r, x in zip(records, letters, strict=True) if x == "g"),
        set_aside=tuple(
            SetAside(r, "why") for r, x in zip(records, letters, strict=True) if x == "b"
        ),
    )


@given(letters=st.text(alphabet="gb", max_size=30).filter(lambda text: text.count("g") > 1))
def test_halves_hold_everything_once_and_join_without_a_gap(letters: str) -> None:
    whole = batch_of(letters)
    first, second = whole.halves()
    assert (first.start, first.end, second.end) == (whole.start, second.start, whole.end)
    assert first.is_bad() + second.is_bad() == whole.is_bad() == [x == "b" for x in letters]
    assert first.records + second.records == whole.records
    assert len(first.records) < len(whole.records) > len(second.records)


def test_a_refused_batch_keeps_its_messages_and_a_bounded_reason() -> None:
    refused = batch_of("gb").refused("x" * 1_000)
    assert not refused.records
    assert [one.message for one in refused.set_aside] == [None, "m"]
    assert len(refused.set_aside[1].reason) == MAX_REASON
