from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.watch.relay import Relay, Slice
from schemas.errors import StorageError
from schemas.topics import INCIDENTS, Event, Told, event

AT = datetime(2014, 1, 13, tzinfo=UTC)


def made(number: int) -> Event:
    told = Told(kind="incident", subject=f"i{number}", revision=1, at=AT, level=0)
    return event(INCIDENTS, b"{}", told)


@dataclass
class Changes:
    """A feed in which each change is one event."""

    count: int

    def after(self, position: int, *, limit: int) -> Slice:
        end = min(self.count, position + limit)
        return Slice([made(number) for number in range(position + 1, end + 1)], end)

    def last(self) -> int:
        return self.count


@dataclass
class Heard:
    """An outlet that remembers, and fails at some sends."""

    fails_at: frozenset[int] = frozenset()
    sent: list[bytes] = field(default_factory=list)
    calls: int = 0

    def send(self, events: Sequence[Event]) -> int:
        self.calls += 1
        if self.calls in self.fails_at:
            # Some of them arrived.
            self.sent += [one.key for one in events[: len(events) // 2]]
            raise StorageError("away")
        self.sent += [one.key for one in events]
        return 0

    def close(self) -> None:
        pass


@given(
    count=st.integers(0, 60),
    limit=st.integers(1, 20),
    fails_at=st.frozensets(st.integers(1, 10), max_size=5),
)
def test_every_change_is_told_whatever_fails(
    count: int, limit: int, fails_at: frozenset[int]
) -> None:
    outlet, position = Heard(fails_at), [0]
    relay = Relay(Changes(count), outlet, limit=limit)
    for _ in range(count + len(fails_at) + 1):
        try:
            if not relay.turn(position[0], lambda end: position.__setitem__(0, end)):
                break
        except StorageError:
            continue
    assert position == [count]
    assert set(outlet.sent) == {b"i%d" % number for number in range(1, count + 1)}


def test_nothing_moves_when_it_was_not_acknowledged() -> None:
    moved: list[int] = []
    with pytest.raises(StorageError):
        Relay(Changes(3), Heard(frozenset({1}))).turn(0, moved.append)
    assert moved == []


def test_its_progress_says_what_is_left() -> None:
    relay = Relay(Changes(5), Heard(), limit=2)
    assert relay.turn(0, lambda _end: None)
    assert (relay.progress.position, relay.progress.last, relay.progress.sent) == (2, 5, 2)
