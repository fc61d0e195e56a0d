from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.finding import Refused
from ingest.json_text import Parsed, depth, parse, split_array, split_lines
from tests.ingest.support import patient

TEXT = st.text(st.sampled_from('ab":\\/ ,{}[]u003aé\n'), max_size=12)
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def pairs_text(pairs: list[tuple[str, Any]], form: dict[str, Any]) -> str:
    members = (f"{json.dumps(key, **form)} : {json.dumps(it, **form)}" for key, it in pairs)
    return "{" + ", ".join(members) + "}"


def true_depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(true_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(true_depth, value), default=0)
    return 0


@patient
@given(JSON, st.sampled_from([{}, {"ensure_ascii": False}, {"indent": 2}]))
def test_any_json_is_read_as_the_standard_library_reads_it(
    value: Any,  # noqa: ANN401 - any JSON value
    form: dict[str, Any],
) -> None:
    text = json.dumps(value, **form).encode()
    parsed = parse(text, max_depth=100)
    assert isinstance(parsed, Parsed)
    assert parsed.value == value
    assert json.loads(parsed.canonical) == value


@patient
@given(st.lists(st.tuples(TEXT, JSON), max_size=4), st.sampled_from([{}, {"ensure_ascii": False}]))
@example([('":', "x"), ('":', "\u003a")], {})
@example([("a", ":"), ("a", "::")], {})
def test_a_repeated_key_is_found_and_nothing_else(
    pairs: list[tuple[str, Any]], form: dict[str, Any]
) -> None:
    repeats = len({key for key, _ in pairs}) < len(pairs)
    for text in (
        pairs_text(pairs, form),
        f'[1, {{"k": {pairs_text(pairs, form)}}}]',
    ):
        parsed = parse(text.encode(), max_depth=100)
        assert isinstance(parsed, Refused) == repeats
        if isinstance(parsed, Refused):
            assert parsed.code == "DUPLICATE_KEY"


def test_an_escaped_colon_does_not_hide_a_repeated_key() -> None:
    # One colon is dropped with the first member, and one appears from the escape.
    parsed = parse(b'{"a":1,"a":"\\u003a"}', max_depth=5)
    assert isinstance(parsed, Refused)


@patient
@given(JSON)
def test_depth_ignores_brackets_in_texts(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert depth(json.dumps(value).encode(), stop_after=100) == true_depth(value)


@pytest.mark.parametrize(("levels", "is_read"), [(31, True), (32, True), (33, False), (500, False)])
def test_the_bound_on_depth_is_exact(levels: int, is_read: bool) -> None:  # noqa: FBT001 - a parameter
    parsed = parse(b"[" * levels + b"]" * levels, max_depth=32)
    assert isinstance(parsed, Parsed) == is_read


@pytest.mark.parametrize(
    "text",
    [b'"' * 200_000, b'"\\"' * 100_000, b'{"a":"' + b'\\"' * 200_000, b"[]," * 50_000 + b"["],
    ids=["quotes", "escaped quotes", "no end", "brackets"],
)
def test_no_text_makes_the_bounds_slow(text: bytes) -> None:
    # Would not end within the time limit of the suite if a pattern went back and forth.
    assert isinstance(parse(text + b"[" * 40, max_depth=32), Refused)
    assert isinstance(
        split_array(b"[" + text + b"[" * 40, max_depth=32, max_items=1_000_000), Refused
    )


@patient
@given(st.lists(JSON, max_size=5))
def test_an_array_is_cut_into_its_items(items: list[Any]) -> None:
    cut = split_array(json.dumps(items, indent=1).encode(), max_depth=100, max_items=1_000_000)
    assert isinstance(cut, list)
    assert [json.loads(item) for item in cut] == items


@patient
@given(st.lists(JSON, min_size=1, max_size=4), st.integers(0, 3))
def test_a_fault_in_one_item_of_an_array_stays_there(items: list[Any], at: int) -> None:
    texts = [json.dumps(item) for item in items]
    texts.insert(at % (len(texts) + 1), '{"x":NaN}')
    cut = split_array(f"[ {' , '.join(texts)} ]".encode(), max_depth=100, max_items=1_000_000)
    assert cut == [text.encode() for text in texts]


@pytest.mark.parametrize(
    "text", [b"[", b"[1,2", b'["a]', b"[1]]", b"[1] [2]", b"[[1]", b"[1}", b"[nan", b"x"]
)
def test_an_array_whose_items_cannot_be_told_apart_is_refused(text: bytes) -> None:
    cut = split_array(text, max_depth=32, max_items=1_000_000)
    assert isinstance(cut, Refused) or not any(
        isinstance(parse(item, max_depth=32), Parsed) for item in cut
    )


def test_lines_may_end_in_any_way_and_blank_ones_do_not_count() -> None:
    assert split_lines(b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":2}') == [b'{"a":1}\r', b'{"b":2}']
