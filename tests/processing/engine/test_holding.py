from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.engine.batch import Claim
from processing.engine.holding import Held, read, shares
from tests.processing.building import MemoryLog


def held(count: int, *, size: int = 1, waiting: int | None = None) -> Held:
    log = MemoryLog()
    for _ in range(count):
        log.append(b"x" * size)
    seen = count if waiting is None else waiting
    return Held(log, Claim(position=0, epoch=1), looked_to=seen)


@given(waiting=st.lists(st.integers(0, 50), min_size=1, max_size=12), room=st.integers(0, 200))
def test_shares_fill_the_room_and_are_even(waiting: list[int], room: int) -> None:
    given_ = shares(waiting, room)
    assert room <= sum(given_) <= room + len(waiting), "no room is wasted"
    for mine, my_share in zip(waiting, given_, strict=True):
        for theirs, their_share in zip(waiting, given_, strict=True):
            if my_share < mine:
                # Who could give more gives no less than others, but for the one left over.
                assert their_share <= my_share + 1, (theirs, waiting, given_)


def test_a_lone_partition_has_all_the_room_whatever_was_seen() -> None:
    assert shares([0], 400) == [400]
    assert shares([10_000], 400) == [400]


def test_one_that_has_little_leaves_its_room_to_the_others() -> None:
    found = read({"a": held(2), "b": held(50), "c": held(50)}, records=22, max_bytes=1_000)
    assert {name: len(records) for name, records in found.items()} == {"a": 2, "b": 10, "c": 10}


def test_large_records_of_one_do_not_starve_the_others() -> None:
    found = read({"a": held(9, size=100), "b": held(9, size=100)}, records=18, max_bytes=400)
    assert {name: len(records) for name, records in found.items()} == {"a": 2, "b": 2}
    found = read({"a": held(9, size=900), "b": held(9, size=900)}, records=18, max_bytes=400)
    assert {name: len(records) for name, records in found.items()} == {"a": 1, "b": 1}


def test_one_that_was_not_looked_at_yet_is_read_too() -> None:
    """Reading is what makes it fetch."""
    found = read({"a": held(50), "b": held(5, waiting=0)}, records=20, max_bytes=1_000)
    assert {name: len(records) for name, records in found.items()} == {"a": 20, "b": 1}
