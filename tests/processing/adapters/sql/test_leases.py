from __future__ import annotations

import threading
import time

import pytest

from processing.adapters.sql.leases import SqlLeases
from processing.watch.lease import Candidate, Standing
from tests.processing.building import Database


@pytest.fixture
def leases(made: Database) -> SqlLeases:
    return SqlLeases(made.begin, made.read, "watch")


def test_a_lease_that_nobody_took_stands_at_its_beginning(leases: SqlLeases) -> None:
    assert leases.load() == Standing()


def test_a_lease_is_taken_beaten_moved_and_given_back(leases: SqlLeases) -> None:
    mine = leases.take(leases.load(), "a")
    assert mine == leases.load() == Standing("a", 1, 0, 0)
    mine = leases.beat(mine)
    assert mine == leases.load() == Standing("a", 1, 1, 0)
    mine = leases.move(mine, 7)
    assert mine == leases.load() == Standing("a", 1, 2, 7)
    leases.release(mine)
    assert leases.load() == Standing(None, 1, 2, 7)


def test_what_was_seen_too_long_ago_is_not_taken(leases: SqlLeases) -> None:
    seen = leases.load()
    mine = leases.take(seen, "a")
    assert mine is not None
    assert leases.take(seen, "b") is None
    leases.beat(mine)
    assert leases.take(mine, "b") is None


def test_who_was_followed_writes_nothing(leases: SqlLeases) -> None:
    first = leases.take(leases.load(), "a")
    assert first is not None
    second = leases.take(first, "b")
    assert leases.beat(first) is None
    assert leases.move(first, 9) is None
    leases.release(first)
    assert leases.load() == second


def test_of_many_that_take_it_at_once_one_has_it(made: Database) -> None:
    taken: list[Candidate] = []
    start = threading.Barrier(6)

    def run(name: str) -> None:
        candidate = Candidate(
            SqlLeases(made.begin, made.read, "watch"), name, monotonic=time.monotonic
        )
        start.wait()
        if candidate.look() is not None:
            taken.append(candidate)

    threads = [threading.Thread(target=run, args=(f"c{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
