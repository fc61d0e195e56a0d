"""Send planned reports through the intake while the mission clock steps with them.

The replay is the demo's only writer. It can be stopped and started again: reports that were sent
before are answered with their first receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from deploy.demo.device import Device
from deploy.demo.generator import Planned
from schemas.clock import Monotonic

# Between two reports the clock still moves, so that people see time pass.
_TICK_S = 0.2


class Steppable(Protocol):
    """A mission clock that the replay may set forward."""

    def now(self) -> datetime:
        """Return the time to which it was last stepped."""

    def step(self, to: datetime) -> None:
        """Set it forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast mission time passes: mission seconds a real second; None is as fast as it goes."""

    speed: float | None
    monotonic: Monotonic
    sleep: Callable[[float], None]
    stopped: Callable[[], bool] = lambda: False


def window(planned: Sequence[Planned], *, start: datetime, end: datetime) -> list[Planned]:
    """Return the reports that are sent from start (included) to end (excluded)."""
    return [one for one in planned if start <= one.send_at < end]


def replay(
    planned: Sequence[Planned],
    *,
    device: Device,
    keys: Mapping[str, str],
    clock: Steppable,
    pace: Pace,
) -> Iterator[Planned]:
    """Send reports in order, yielding each after its 202 (it is durable then).

    Raises deploy.demo.device.RefusedError when the intake refuses one for good: the sample has no
    such report.
    """
    if not planned:
        return
    begun = pace.monotonic()
    origin = max(planned[0].send_at, clock.now()) if pace.speed else planned[0].send_at
    for one in planned:
        _wait_until(one.send_at, origin=origin, begun=begun, clock=clock, pace=pace)
        if pace.stopped():
            return
        clock.step(one.send_at)
        device.send(one.body, key=keys[one.unit_id])
        yield one


def _wait_until(
    at: datetime, *, origin: datetime, begun: float, clock: Steppable, pace: Pace
) -> None:
    if pace.speed is None:
        return
    due = begun + (at - origin).total_seconds() / pace.speed
    while not pace.stopped():
        left_s = due - pace.monotonic()
        if left_s <= 0:
            return
        pace.sleep(min(left_s, _TICK_S))
        passed_s = (pace.monotonic() - begun) * pace.speed
        clock.step(min(at, origin + timedelta(seconds=passed_s)))
