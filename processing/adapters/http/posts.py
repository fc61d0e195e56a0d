"""What is on its way: a queue for each endpoint, most urgent first, two posts at once."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from processing.adapters.http.attempting import Surroundings, attempt
from processing.adapters.http.sender import Sender
from processing.notify.due import Due, Result
from processing.notify.slots import Slots


@dataclass(slots=True)
class _Queue:
    waiting: list[tuple[int, int, Due]] = field(default_factory=list)
    running: int = 0


class Posts:
    """Starts attempts as their endpoints have room, and hands each result on."""

    def __init__(
        self, sender: Sender, around: Surroundings, slots: Slots, *, done: Callable[[Result], None]
    ) -> None:
        self._sender = sender
        self._around = around
        self._slots = slots
        self._done = done
        self._queues: dict[str, _Queue] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._taken = 0

    def add(self, due: Due, group: asyncio.TaskGroup) -> None:
        """Take a claimed delivery; it is posted now, or when its endpoint has room."""
        self._slots.hold(due)
        self._taken += 1
        queue = self._queues.setdefault(due.endpoint_id, _Queue())
        heapq.heappush(queue.waiting, (-due.priority, self._taken, due))
        self._start(due.endpoint_id, queue, group)

    async def finish(self, within_s: float) -> None:
        """Start nothing more, wait for what is on its way, and cut off what is late."""
        for queue in self._queues.values():
            queue.waiting.clear()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within_s)
            for task in late:
                task.cancel()

    def _start(self, endpoint_id: str, queue: _Queue, group: asyncio.TaskGroup) -> None:
        while queue.waiting and queue.running < self._slots.at_once(endpoint_id):
            _, _, due = heapq.heappop(queue.waiting)
            queue.running += 1
            task = group.create_task(self._post(due, queue, group))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _post(self, due: Due, queue: _Queue, group: asyncio.TaskGroup) -> None:
        result = await attempt(due, self._sender, self._around)
        queue.running -= 1
        self._slots.learn(result)
        self._done(result)
        self._start(due.endpoint_id, queue, group)
