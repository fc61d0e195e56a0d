"""A load generator outside the product: units that try until they are answered, and a ledger.

It knows the public HTTP interface and nothing else. Every answer that it got is a line of the
ledger; what the product did is compared with that.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from deploy.clocks import SteppedClock
from tests.bench.generator import Sent

# Answers after which the same bytes may be taken later.
_RETRY = frozenset({429, 502, 503, 504})
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 1.0
_ASKING, _ASK_EVERY_S = aiohttp.ClientTimeout(total=1), 0.2


class Kind(Enum):
    """What a post is for. Of `AGAIN` the same bytes went before; `MALFORMED` is to be refused."""

    REPORT = "report"
    AGAIN = "again"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One POST: its bytes, whose key it bears, and the number of the door that is tried first."""

    kind: Kind
    sent: Sent
    door: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger: how a post was answered in the end.

    `tries` counts the requests; `refused` those that were answered with a status that asks to come
    back, `broken` those that got no answer.
    """

    number: int
    kind: Kind
    status: int
    answer: dict[str, Any]
    answered: float
    took_s: float
    tries: int
    refused: int
    broken: int

    @property
    def key(self) -> tuple[str, int]:
        """The natural key of a report that was taken."""
        return str(self.answer["root_id"]), int(self.answer["revision"])


@dataclass(slots=True)
class Load:
    """Sends posts in order over several connections; `allow` says how many may go.

    With a rate, so many a second at most, and after the last all over again, as often as it takes.
    As a balancer does, it asks the doors whether they are ready, and leaves one alone that is not
    or does not answer.
    """

    doors: Sequence[str]
    keys: dict[str, str]
    posts: Sequence[Post]
    ledger: Path
    clock: SteppedClock
    connections: int = 16
    rate: float | None = None
    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _taken: set[tuple[str, int]] = field(default_factory=set)
    _next: int = 0
    _allowed: int = 0
    began: float = 0.0
    _closing: bool = False
    _full: bool = False
    _resting: set[int] = field(default_factory=set)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin on a thread of its own."""
        self.began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()

    def allow(self, count: int) -> None:
        """Let posts up to this number go on their way."""
        self._allowed = max(self._allowed, count)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let none go while entered; what is late for that is not made up for."""
        allowed, self._allowed = self._allowed, 0
        began = time.monotonic()
        yield
        self.began += time.monotonic() - began
        self._allowed = allowed

    def answered(self) -> int:
        """Return how many posts have their answer."""
        return len(self.entries)

    def taken(self) -> set[tuple[str, int]]:
        """Return the natural keys of all reports that were answered 202 or 200."""
        return self._taken.copy()

    def count_taken(self) -> int:
        """Return how many reports that are."""
        return len(self._taken)

    def enough(self) -> None:
        """Let no more posts go, and wait until those on their way are answered."""
        self._full = True
        assert self._thread is not None
        self._thread.join()
        assert not self.problems, self.problems[:3]

    def rest(self, count: int) -> list[Post]:
        """Return posts that did not go: the next so many reports."""
        # Posts that went are the same ones again, which the broker has.
        left = [one for one in self.posts[self._next :] if one.kind is Kind.REPORT]
        assert len(left) >= count, "there were not enough posts for this"
        return left[:count]

    def send_also(self, posts: Sequence[Post]) -> None:
        """Send other posts, when the rest is done, and wait for the answers."""
        self.posts, self._next, self._full, self.rate = posts, 0, False, None
        self.allow(len(posts))
        self.start()
        assert self._thread is not None
        self._thread.join()
        assert not self.problems, self.problems[:3]

    def close(self) -> None:
        """Stop, and wait for the thread. Fails with what went wrong on it."""
        self._closing = True
        if self._thread is not None:
            self._thread.join()
        assert not self.problems, self.problems[:3]

    def _run(self) -> None:
        try:
            with self.ledger.open("a") as file:
                asyncio.run(self._send_all(file))
        except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
            self.problems.append(repr(error))

    async def _send_all(self, file: TextIO) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session:
            asking = [asyncio.create_task(self._ask(number)) for number in range(len(self.doors))]
            await asyncio.gather(*(self._lane(session, file) for _ in range(self.connections)))
            for one in asking:
                one.cancel()

    async def _ask(self, number: int) -> None:
        """Learn now and then whether a door is ready."""
        async with aiohttp.ClientSession(timeout=_ASKING) as session:
            while True:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.doors[number]}/readyz") as response:
                        if response.status == HTTPStatus.OK:
                            self._resting.discard(number)
                        else:
                            self._resting.add(number)
                await asyncio.sleep(_ASK_EVERY_S)

    def _end(self) -> float:
        return len(self.posts) if self.rate is None else math.inf

    def _door(self, first: int) -> int:
        order = [(first + step) % len(self.doors) for step in range(len(self.doors))]
        return next((number for number in order if number not in self._resting), order[0])

    async def _lane(self, session: aiohttp.ClientSession, file: TextIO) -> None:
        while not (self._closing or self._full) and self._next < self._end():
            if self._next >= self._allowed:
                await asyncio.sleep(0.01)
                continue
            number, self._next = self._next, self._next + 1
            if self.rate is not None:
                ahead_s = self.began + number / self.rate - time.monotonic()
                await asyncio.sleep(max(0.0, ahead_s))
            entry = await self._send(session, number, self.posts[number % len(self.posts)])
            if entry is not None:
                line = {**_fields(entry), "kind": entry.kind.value}
                file.write(json.dumps(line) + "\n")
                file.flush()
                self.entries.append(entry)
                if entry.kind is not Kind.MALFORMED:
                    self._taken.add(entry.key)

    async def _send(self, session: aiohttp.ClientSession, number: int, post: Post) -> Entry | None:
        self.clock.step(post.sent.at)
        headers = {
            "Authorization": f"Bearer {self.keys[post.sent.unit_id]}",
            "Content-Type": "application/json",
        }
        tries = refused = broken = 0
        wait_s, began = _FIRST_WAIT_S, time.monotonic()
        while not self._closing:
            door = self._door(post.door)
            tries += 1
            try:
                async with session.post(
                    f"{self.doors[door]}/v1/reports", data=post.sent.body, headers=headers
                ) as response:
                    answer = await response.json(content_type=None)
                    if response.status not in _RETRY:
                        now = time.monotonic()
                        return Entry(
                            number=number, kind=post.kind, status=response.status, answer=answer,
                            answered=now, took_s=now - began,
                            tries=tries, refused=refused, broken=broken,
                        )  # fmt: skip
                    refused += 1
            except (aiohttp.ClientError, TimeoutError, ValueError):
                broken += 1
                self._resting.add(door)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        return None


def _fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
