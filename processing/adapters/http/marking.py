"""What came of attempts goes back to the outbox: all that has finished, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Final

import structlog

from processing.notify.due import Outbox, Result
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

STORAGE_RETRY_S: Final = 1.0


class Marker:
    """Collects results and marks them; what finishes meanwhile goes with the next transaction."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        threads: Executor,
        checkpoint: Callable[[str], None],
        marked: Callable[[Sequence[Result]], None],
    ) -> None:
        self._outbox = outbox
        self._threads = threads
        self._checkpoint = checkpoint
        self._marked = marked
        self._results: list[Result] = []
        self._news = asyncio.Event()
        self._closing = asyncio.Event()

    def add(self, result: Result) -> None:
        """Take a result over."""
        self._results.append(result)
        self._news.set()

    def close(self) -> None:
        """Mark what is there and end."""
        self._closing.set()
        self._news.set()

    async def run(self) -> None:
        """Mark until closed. A result is kept until it is stored; only closing gives it up."""
        while self._results or not self._closing.is_set():
            await self._news.wait()
            self._news.clear()
            results, self._results = self._results, []
            if results and await self._store(results):
                self._checkpoint("notify.after_mark")
                self._marked(results)

    async def _store(self, results: Sequence[Result]) -> bool:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._threads, self._outbox.mark, results)
            except StorageError as error:
                # Not marked is sent again after a restart, under the same webhook-id.
                log.warning("deliveries not marked", count=len(results), error=str(error))
                if self._closing.is_set():
                    return False
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), STORAGE_RETRY_S)
            else:
                return True
