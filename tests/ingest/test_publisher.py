from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.publisher import key_of


def test_near_places_share_a_key_and_far_ones_do_not() -> None:
    bentiu = key_of(b'{"unit_id":"u1","decoded_lon":29.78,"decoded_lat":9.24}')
    near = key_of(b'{"unit_id":"u2","decoded_lon":29.79,"decoded_lat":9.25}')
    juba = key_of(b'{"unit_id":"u1","decoded_lon":31.58,"decoded_lat":4.85}')
    assert bentiu == near != juba


def test_without_a_place_the_unit_is_the_key() -> None:
    assert key_of(b'{"unit_id":"u1","decoded_lon":null}') == b"u1"


@given(value=st.binary(max_size=60))
def test_any_bytes_have_a_key(value: bytes) -> None:
    assert isinstance(key_of(value), bytes)
