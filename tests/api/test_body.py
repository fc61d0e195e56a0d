from http import HTTPStatus

import pytest

from api.body import parse
from api.problems import ProblemError
from api.routes.session import SignIn
from schemas.alert import AlertAction


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_a_400(data: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        parse(SignIn, data)
    assert refused.value.status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (b'{"user_id": "a"}', "#/password"),
        (b'{"user_id": "a", "password": 7}', "#/password"),
        (b'{"user_id": "a", "password": "b", "extra": 1}', "#/extra"),
        (b"[]", "#"),
        (b'"text"', "#"),
    ],
)
def test_what_is_not_as_asked_for_is_a_422_with_a_pointer(data: bytes, pointer: str) -> None:
    with pytest.raises(ProblemError) as refused:
        parse(SignIn, data)
    assert refused.value.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [each.pointer for each in refused.value.errors] == [pointer]


def test_the_answer_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ProblemError) as refused:
        parse(AlertAction, b'{"to_state": "hunter2", "seq": 1}')
    assert "hunter2" not in repr(refused.value.errors)
