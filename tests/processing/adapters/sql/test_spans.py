from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.adapters.sql.spans import joined

SPANS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 8)).map(
        lambda span: (span[0], span[1], span[1] + span[2])
    ),
    max_size=12,
)


@given(spans=SPANS)
def test_holds_the_same_days_none_twice(spans: list[tuple[int, int, int]]) -> None:
    wanted = {(key, day) for key, first, last in spans for day in range(first, last + 1)}
    found = [(key, day) for key, first, last in joined(spans) for day in range(first, last + 1)]
    assert len(found) == len(wanted)
    assert set(found) == wanted
    assert found == sorted(found)
