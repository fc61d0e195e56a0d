"""Delivering: due rows of the outbox become signed POSTs, on a thread with its own event loop.

The order for one delivery: 1. claimed, 2. signed and posted, 3. judged, 4. marked, 5. the next
transition of the same alert becomes due. A crash between 2 and 4 posts again, with the same
`webhook-id`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog
import uvloop

from processing.adapters.http.attempting import Surroundings
from processing.adapters.http.marking import STORAGE_RETRY_S, Marker
from processing.adapters.http.posts import Posts
from processing.adapters.http.sender import SendLimits, open_sender
from processing.notify.due import Due, Outbox, Result
from processing.notify.slots import Slots
from schemas.delivery import DeliveryState
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

# After so long without a word the outbox is looked at all the same: a lost wake-up may not cost a
# critical alert more than this.
IDLE_S: Final = 1.0
STOP_S: Final = 10.0


@dataclass(slots=True)
class DeliveryCounts:
    """What was done since the start, for metrics."""

    delivered: int = 0
    failed_attempts: int = 0
    given_up: int = 0

    def add(self, result: Result) -> None:
        """Count one attempt."""
        self.delivered += result.verdict.state is DeliveryState.DELIVERED
        self.failed_attempts += result.verdict.state is DeliveryState.PENDING
        self.given_up += result.verdict.state is DeliveryState.FAILED


class Deliverer:
    """Delivers until it is stopped. `run` blocks; `wake` and `stop` may come from any thread."""

    def __init__(self, outbox: Outbox, limits: SendLimits, around: Surroundings) -> None:
        self.counts = DeliveryCounts()
        self._outbox = outbox
        self._limits = limits
        self._around = around
        self._slots = Slots()
        self._woken = asyncio.Event()
        self._stopping = threading.Event()
        self._stop_s = STOP_S
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Deliver until `stop`; then what is on its way may arrive and is marked.

        Whatever is raised here is a fault of this program, and nothing is delivered any more: the
        caller must start anew.
        """
        with (
            ThreadPoolExecutor(2, thread_name_prefix="outbox") as threads,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(self._deliver(threads))

    def wake(self) -> None:
        """Say that something new may be due. Cheap, never blocks."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # closed in between: there is nothing to wake
                loop.call_soon_threadsafe(self._woken.set)

    def stop(self, within_s: float = STOP_S) -> None:
        """Ask `run` to end within some seconds; what has not arrived by then stays due."""
        self._stop_s = within_s
        self._stopping.set()
        self.wake()

    async def _deliver(self, threads: Executor) -> None:
        self._loop = asyncio.get_running_loop()
        around = self._around
        marker = Marker(
            self._outbox, threads=threads, checkpoint=around.checkpoint, marked=self._marked
        )
        async with (
            open_sender(self._limits, tls=around.tls, lookup=around.lookup) as sender,
            asyncio.TaskGroup() as group,
        ):
            posts = Posts(sender, around, self._slots, done=marker.add)
            group.create_task(marker.run())
            while not self._stopping.is_set():
                await self._turn(posts, group, threads)
            await posts.finish(self._stop_s)
            marker.close()

    async def _turn(self, posts: Posts, group: asyncio.TaskGroup, threads: Executor) -> None:
        """Claim once, start what was claimed, and rest until there may be more.

        The least rest is as long as the claim took: with a long backlog claims are slow, and the
        posts need the time.
        """
        self._woken.clear()
        loop = asyncio.get_running_loop()
        started_s = self._around.monotonic()
        try:
            due, rest_s = await loop.run_in_executor(threads, self._look)
        except StorageError as error:
            log.warning("outbox not readable", error=str(error))
            due, rest_s = [], STORAGE_RETRY_S
        for one in due:
            posts.add(one, group)
        await asyncio.sleep(self._around.monotonic() - started_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._woken.wait()

    def _look(self) -> tuple[list[Due], float]:
        """Claim what may go on its way, and say how long there is nothing else to do."""
        now_s = self._around.clock.now().timestamp()
        due = self._outbox.claim(now_s, self._slots.plan().wants)
        next_s = None if due else self._outbox.next_due(now_s)
        return due, IDLE_S if next_s is None else min(max(next_s - now_s, 0.0), IDLE_S)

    def _marked(self, results: Sequence[Result]) -> None:
        for result in results:
            self._slots.free(result)
            self.counts.add(result)
            _tell(result)
        self._woken.set()


@contextmanager
def delivering(deliverer: Deliverer, *, stop_s: float = STOP_S) -> Generator[Deliverer]:
    """Run a deliverer on a thread of its own, and stop it at the end."""
    thread = threading.Thread(target=deliverer.run, name="deliverer")
    thread.start()
    try:
        yield deliverer
    finally:
        deliverer.stop(stop_s)
        thread.join()


def _tell(result: Result) -> None:
    due = result.due
    fields = {"endpoint": due.endpoint_id, "alert": due.alert_id, "seq": due.seq}
    if result.verdict.state is DeliveryState.DELIVERED:
        log.debug("alert delivered", took_ms=result.took_ms, **fields)
    elif result.verdict.state is DeliveryState.PENDING:
        log.warning("delivery will be tried again", reason=result.verdict.reason, **fields)
    else:
        log.error("delivery failed for good", reason=result.verdict.reason, **fields)
