"""Tokens say what was written into them, and nothing else is one."""

from __future__ import annotations

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.receipt_token import MAX_LENGTH, Awaited, read_token, write_token

NODES = st.from_regex(r"[a-z0-9][a-z0-9-]{2,31}", fullmatch=True)
POSITIONS = st.integers(1, 10**18 - 1)
IDS = st.uuids().map(str)


@given(NODES, POSITIONS, IDS)
def test_what_is_written_is_read(node: str, position: int, report_id: str) -> None:
    token = write_token(node, position, report_id)
    assert len(token) <= MAX_LENGTH
    assert re.fullmatch(r"[a-z0-9:-]+", token), "goes into an address as it is"
    assert read_token(token) == Awaited(node, position, report_id)


@given(st.text(max_size=120))
def test_rubbish_is_no_token(text: str) -> None:
    found = read_token(text)
    if found is not None:
        assert write_token(*found) == text
        assert str(UUID(found.report_id)) == found.report_id


@given(NODES, POSITIONS, IDS, st.sampled_from(["", " ", ":", "\n", "x"]))
def test_a_token_with_something_behind_it_is_none(
    node: str, position: int, report_id: str, more: str
) -> None:
    token = write_token(node, position, report_id)
    assert (read_token(token + more) is None) == bool(more)
    assert read_token(token[:-1]) is None
