"""What rules read: windows hold what was wanted, and columns of numbers say what texts would."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processing.rules.window import (
    NOTHING,
    IncidentColumns,
    Labels,
    Names,
    among,
    numbered,
    together,
)
from processing.rules.windows import grouped
from tests.processing.rules.incidents import columns, incident

SPANS = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda one: (one[0], sum(one)))
TEXTS = st.lists(st.sampled_from(["", "a", "b", "c"]))


@given(
    wanted=st.lists(st.tuples(st.frozensets(st.integers(1, 5)), SPANS), max_size=8),
    slack_days=st.integers(0, 10),
)
def test_windows_hold_all_that_is_wanted(
    wanted: list[tuple[frozenset[int], tuple[int, int]]], slack_days: int
) -> None:
    found = grouped([(cells, *days) for cells, days in wanted], slack_days=slack_days)
    read = {
        (cell, day)
        for one in found
        for cell in one.cells4
        for day in range(one.day_from, one.day_to + 1)
    }
    asked = {
        (cell, day)
        for cells, (first, last) in wanted
        for cell in cells
        for day in range(first, last + 1)
    }
    assert asked <= read
    assert len(found) <= len(grouped([(cells, *days) for cells, days in wanted]))
    if slack_days:
        begins = pairwise(one.day_from for one in found)
        assert all(after - before > slack_days for before, after in begins)


@given(texts=TEXTS, wanted=st.frozensets(st.sampled_from(["", "a", "d"])))
def test_labels_are_their_texts(texts: list[str], wanted: frozenset[str]) -> None:
    names = Names()
    labels = Labels(names, np.array([names[text] for text in texts], dtype=np.int64))
    assert list(labels) == texts
    assert [labels[at] for at in range(len(labels))] == texts
    assert labels[1:3] == texts[1:3]
    assert among(labels, wanted).tolist() == among(texts, wanted).tolist()
    assert among(texts, wanted).tolist() == [text in wanted for text in texts]
    for numbers in (numbered(labels).tolist(), numbered(texts).tolist()):
        assert len(set(zip(texts, numbers, strict=True))) == len(set(texts)) == len(set(numbers))


def test_columns_together_are_the_rows_of_both() -> None:
    a, b = columns([incident("a"), incident("c", day=16)]), columns([incident("b", at=None)])
    both = together(a, b)
    for one in fields(IncidentColumns):
        joined = [*getattr(a, one.name), *getattr(b, one.name)]
        np.testing.assert_array_equal(getattr(both, one.name), joined)
    assert together(NOTHING, a) is a
    assert together(a, NOTHING) is a
    assert not len(together(NOTHING, NOTHING))
