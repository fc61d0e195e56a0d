from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.locate.epochs import Epochs
from processing.locate.layers import LayerSet, day_number
from schemas.layer import LayerKind
from tests.processing.locate.scenes import point

DAYS = st.one_of(st.none(), st.dates(date(2013, 1, 1), date(2013, 1, 20)))
SPANS = st.lists(st.tuples(DAYS, DAYS), max_size=8)


def test_the_version_is_of_the_content_and_not_of_the_order() -> None:
    a, b = point("a", 30, 5), point("b", 31, 5)
    assert LayerSet.of([a, b]).version == LayerSet.of([b, a]).version
    assert LayerSet.of([a, b]).version != LayerSet.of([a]).version
    assert LayerSet.of([a, b]).version != LayerSet.of([a, point("b", 31, 5.000001)]).version


def test_columns_follow_the_order_of_feature_ids() -> None:
    columns = LayerSet.of([point("b", 31, 5), point("a", 30, 6)]).layer("settlement")
    assert [feature.feature_id for feature in columns.features] == ["a", "b"]
    assert columns.lon.tolist() == [30, 31]
    assert columns.lat.tolist() == [6, 5]
    assert np.isnan(columns.population).all()


def test_of_two_features_with_one_id_the_later_counts() -> None:
    columns = LayerSet.of([point("a", 30, 5), point("a", 31, 5)]).layer(LayerKind.SETTLEMENT)
    assert columns.lon.tolist() == [31]


def test_an_unknown_or_empty_layer_has_nothing() -> None:
    layers = LayerSet.of([])
    assert len(layers.layer("settlement")) == 0
    assert len(layers.layer("no such layer")) == 0


def test_columns_cannot_be_changed() -> None:
    columns = LayerSet.of([point("a", 30, 5)]).layer("settlement")
    with pytest.raises(ValueError, match="read-only"):
        columns.lon[0] = 0.0


def test_a_feature_is_valid_from_its_first_day_until_before_its_last() -> None:
    span = (date(2013, 12, 19), date(2013, 12, 21))
    columns = LayerSet.of([point("a", 30, 5, valid=span)]).layer("settlement")
    first = day_number(span[0])
    assert [bool(columns.valid_on(first + n)[0]) for n in (-1, 0, 1, 2)] == [
        False,
        True,
        True,
        False,
    ]


@given(spans=SPANS, days=st.lists(st.integers(15_700, 15_730), max_size=20))
def test_each_day_gets_the_index_of_what_was_valid_then(
    spans: list[tuple[date | None, date | None]], days: list[int]
) -> None:
    columns = LayerSet.of(
        [point(f"f{n}", 30, 5, valid=span) for n, span in enumerate(spans)]
    ).layer("settlement")
    epochs = Epochs(columns, lambda rows: rows.tolist())
    answers = {}
    for rows, part in epochs.parts(np.array(days, dtype=np.int64)):
        answers.update(dict.fromkeys(part.tolist(), rows))
    assert sorted(answers) == list(range(len(days)))
    for at, rows in answers.items():
        assert rows == np.flatnonzero(columns.valid_on(days[at])).tolist()


def test_more_epochs_than_are_kept_still_answer_right() -> None:
    spans = [(date.fromordinal(735_000 + n), date.fromordinal(735_001 + n)) for n in range(100)]
    columns = LayerSet.of(
        [point(f"f{n:03}", 30, 5, valid=span) for n, span in enumerate(spans)]
    ).layer("settlement")
    epochs = Epochs(columns, lambda rows: rows.tolist())
    days = np.array([day_number(span[0]) for span in spans])
    for _ in range(2):
        for rows, part in epochs.parts(days):
            assert rows == part.tolist()
