import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursor import is_id, read_id, read_numbers, write_cursor
from api.problems import ProblemError


@given(st.uuids())
def test_an_id_comes_back(key: object) -> None:
    assert read_id(write_cursor(str(key))) == str(key)


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_two_numbers_come_back(day: int, number: int) -> None:
    assert read_numbers(write_cursor(day, number)) == (day, number)


def test_no_cursor_is_the_beginning() -> None:
    assert read_id(None) is None
    assert read_numbers(None) is None


@pytest.mark.parametrize("value", [[], ["x"], [1], ["1", 1], [1, 2, 3], {"a": 1}, None, [2**40, 1]])
def test_a_cursor_of_another_kind_is_refused_by_name(value: object) -> None:
    text = base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")
    for read in (read_id, read_numbers):
        with pytest.raises(ProblemError) as refused:
            read(text)
        assert refused.value.errors[0].parameter == "cursor"


@given(st.text(max_size=300) | st.binary(max_size=150).map(lambda raw: raw.hex()))
def test_garbage_is_a_bad_parameter_and_nothing_else(text: str) -> None:
    for read in (read_id, read_numbers):
        with pytest.raises(ProblemError) as refused:
            read(text)
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0142F8B3-C400-8054-B118-35CF93A0C0B7",
        "0142f8b3c4008054b11835cf93a0c0b7",
        "' OR 1=1",
    ],
)
def test_only_our_way_of_writing_an_id_is_one(text: str) -> None:
    assert not is_id(text)
