"""How many deliveries of which endpoint may be on their way, so that no dead one holds up others.

An endpoint that answers at once gets a few rows ahead, so that a claim serves several posts; a slow
or new one gets what it can work on; one that fails gets one probe at a time, and all failing ones
together share a quarter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from processing.notify.due import Due, Lane, Result
from schemas.delivery import DeliveryState

# What is posted to one endpoint at the same time.
AT_ONCE: Final = 2
AHEAD: Final = 32
SLOW_MS: Final = 250


@dataclass(slots=True)
class Slots:
    """What is claimed and not yet marked. Used by one thread."""

    total: int = 512
    _lanes: set[Lane] = field(default_factory=set)
    _held: Counter[str] = field(default_factory=Counter)
    _rooms: dict[str, int] = field(default_factory=dict)

    def plan(self) -> Plan:
        """Return a copy to choose by in another thread while this one goes on."""
        failing = {name for name, room in self._rooms.items() if room < AT_ONCE}
        held_by_failing = sum(self._held[name] for name in failing)
        return Plan(
            lanes=set(self._lanes),
            held=self._held.copy(),
            rooms=dict(self._rooms),
            left=self.total - len(self._lanes),
            left_for_failing=self.total // 4 - held_by_failing,
        )

    def hold(self, due: Due) -> None:
        """Count a delivery that was claimed."""
        self._lanes.add(due.lane)
        self._held[due.endpoint_id] += 1

    def free(self, result: Result) -> None:
        """Forget a delivery that was marked."""
        self._lanes.discard(result.due.lane)
        self._held[result.due.endpoint_id] -= 1

    def learn(self, result: Result) -> None:
        """Remember how an endpoint does, from its last attempt."""
        if not result.was_sent:
            return
        is_fast = result.took_ms <= SLOW_MS
        is_fine = result.verdict.state is DeliveryState.DELIVERED
        room = (AHEAD if is_fast else AT_ONCE) if is_fine else 1
        self._rooms[result.due.endpoint_id] = room

    def at_once(self, endpoint_id: str) -> int:
        """Return how many posts to an endpoint may run at the same time."""
        return min(self._rooms.get(endpoint_id, AT_ONCE), AT_ONCE)


@dataclass(slots=True, kw_only=True)
class Plan:
    """Chooses among due deliveries, counting what it has chosen."""

    lanes: set[Lane]
    held: Counter[str]
    rooms: Mapping[str, int]
    left: int
    left_for_failing: int

    def wants(self, lane: Lane) -> bool:
        """Say whether a delivery of this lane may go on its way now, and count it if so."""
        endpoint_id, _ = lane
        room = self.rooms.get(endpoint_id, AT_ONCE)
        is_failing = room < AT_ONCE
        if lane in self.lanes or self.held[endpoint_id] >= room or self.left <= 0:
            return False
        if is_failing and self.left_for_failing <= 0:
            return False
        self.lanes.add(lane)
        self.held[endpoint_id] += 1
        self.left -= 1
        self.left_for_failing -= is_failing
        return True
