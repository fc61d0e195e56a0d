from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processing.watch.lease import LEASE_S, Candidate, Standing
from schemas.errors import StorageError


@dataclass
class Row:
    """A lease in memory, which answers or does not."""

    stands: Standing = field(default_factory=Standing)
    is_away: bool = False

    def load(self) -> Standing:
        self._answer()
        return self.stands

    def take(self, seen: Standing, holder: str) -> Standing | None:
        return self._change(seen, Standing(holder, seen.epoch + 1, 0, seen.position))

    def beat(self, mine: Standing) -> Standing | None:
        return self._change(mine, mine._replace(beats=mine.beats + 1))

    def move(self, mine: Standing, position: int) -> Standing | None:
        return self._change(mine, mine._replace(beats=mine.beats + 1, position=position))

    def release(self, mine: Standing) -> None:
        self._change(mine, mine._replace(holder=None))

    def _change(self, before: Standing, after: Standing) -> Standing | None:
        self._answer()
        if (self.stands.epoch, self.stands.beats) != (before.epoch, before.beats):
            return None
        self.stands = after
        return after

    def _answer(self) -> None:
        if self.is_away:
            raise StorageError("away")


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def candidates(row: Row, time: Time, *names: str) -> list[Candidate]:
    return [Candidate(row, name, monotonic=time) for name in names]


def test_the_first_leads_and_the_second_waits() -> None:
    row, time = Row(), Time()
    first, second = candidates(row, time, "a", "b")
    assert first.look() is not None
    assert second.look() is None
    assert (first.is_leading, second.is_leading) == (True, False)


def test_one_that_stops_hands_over_at_once() -> None:
    row, time = Row(), Time()
    first, second = candidates(row, time, "a", "b")
    first.look()
    second.look()
    first.release()
    assert second.look() is not None


def test_one_that_dies_is_followed_within_a_lease() -> None:
    row, time = Row(), Time()
    first, second = candidates(row, time, "a", "b")
    first.look()
    second.look()
    looks = 0
    while second.look() is None:
        time.now += 1.0
        looks += 1
    assert looks <= LEASE_S + 1
    # One that only slept is told that it leads no more.
    assert first.look() is None
    assert first.move(7) is None
    assert row.stands.position == 0


def test_one_that_beats_is_never_followed() -> None:
    row, time = Row(), Time()
    first, second = candidates(row, time, "a", "b")
    for _ in range(100):
        assert first.look() is not None
        assert second.look() is None
        time.now += 1.0


def test_without_the_database_nobody_believes_for_longer_than_a_lease() -> None:
    row, time = Row(), Time()
    (first,) = candidates(row, time, "a")
    first.look()
    row.is_away = True
    time.now += LEASE_S - 1
    assert first.look() is not None
    time.now += 1.0
    assert first.look() is None
    row.is_away = False
    first.look()
    time.now += LEASE_S
    assert first.look() is not None


def test_one_that_is_alone_follows_itself_at_once_and_writes_nothing() -> None:
    row, time = Row(), Time()
    Candidate(row, "a", monotonic=time, is_alone=True).look()
    again = Candidate(row, "b", monotonic=time, is_alone=True)
    mine = again.look()
    assert mine is not None
    assert mine.epoch == 2
    assert again.look() == row.stands == mine


@given(st.lists(st.integers(1, 1_000), max_size=5))
def test_what_one_has_done_the_next_begins_with(steps: list[int]) -> None:
    row, time = Row(), Time()
    first, second = candidates(row, time, "a", "b")
    first.look()
    for step in steps:
        first.move(row.stands.position + step)
    first.release()
    mine = second.look()
    assert mine is not None
    assert mine.position == sum(steps)


class TwoLead(RuleBasedStateMachine):
    """Two candidates that look, move, stop, and lose the database whenever they like."""

    def __init__(self) -> None:
        super().__init__()
        self.row, self.time = Row(), Time()
        self.both = candidates(self.row, self.time, "a", "b")
        self.position = 0

    @rule(who=st.integers(0, 1))
    def look(self, who: int) -> None:
        self.both[who].look()

    @rule(seconds=st.floats(0.1, 4.0))
    def pass_time(self, seconds: float) -> None:
        self.time.now += seconds

    @rule(who=st.integers(0, 1))
    @precondition(lambda self: not self.row.is_away)
    def move(self, who: int) -> None:
        if self.both[who].move(self.position + 1) is not None:
            self.position += 1

    @rule(who=st.integers(0, 1))
    def release(self, who: int) -> None:
        self.both[who].release()

    @rule(is_away=st.booleans())
    def lose(self, *, is_away: bool) -> None:
        self.row.is_away = is_away

    @invariant()
    def only_one_moves(self) -> None:
        assert self.row.stands.position == self.position


TestTwoLead = TwoLead.TestCase
