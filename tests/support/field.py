"""Field units of the tests: several at once, each trying until it is answered, with a ledger.

Outside the product: it knows the public HTTP interface and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.clocks import SteppedClock
from deploy.demo.device import Device
from deploy.demo.generator import Planned


@dataclass(slots=True)
class Field:
    """Sends planned reports in order with several connections; `allow` says how many may go."""

    url: str
    keys: Mapping[str, str]
    clock: SteppedClock
    planned: Sequence[Planned]
    connections: int = 6
    answered: list[tuple[str, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _next: int = 0
    _allowed: int = 0
    _in_flight: int = 0
    _closing: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._work) for _ in range(self.connections)]
        for thread in self._threads:
            thread.start()

    def allow(self, count: int) -> None:
        """Let reports up to this number go on their way."""
        with self._changed:
            self._allowed = max(self._allowed, count)
            self._changed.notify_all()

    def wait_answered(self, count: int, *, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        with self._changed:
            while len(self.answered) < count and not self.problems:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.answered)} of {count} answered"
                self._changed.wait(left)
        assert not self.problems, self.problems

    def in_flight(self) -> int:
        with self._changed:
            return self._in_flight

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        device = Device(url=self.url, sleep=time.sleep, give_up=lambda: self._closing)
        try:
            while (one := self._take()) is not None:
                self.clock.step(one.send_at)
                receipt = device.send(one.body, key=self.keys[one.unit_id])
                self._answer((receipt["root_id"], receipt["revision"]))
        except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
            with self._changed:
                self.problems.append(repr(error))
                self._changed.notify_all()
        finally:
            device.close()

    def _take(self) -> Planned | None:
        with self._changed:
            while not self._closing and self._next >= min(self._allowed, len(self.planned)):
                if self._next >= len(self.planned):
                    return None
                self._changed.wait()
            if self._closing:
                return None
            one = self.planned[self._next]
            self._next += 1
            self._in_flight += 1
            return one

    def _answer(self, key: tuple[str, int]) -> None:
        with self._changed:
            self.answered.append(key)
            self._in_flight -= 1
            self._changed.notify_all()
