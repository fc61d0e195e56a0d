"""What the requests of one pass of the event loop admit goes to the spool as one job.

Handing a job over wakes the spool's thread, and its answer wakes the loop again; both then wait
for each other's turn with the interpreter. So requests that are ready together share this; one
that is alone waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from ingest.spool import Spool
from ingest.spool_entry import SpoolEntry, SpoolVerdict

# How many entries a request has in the job, and who waits for their verdicts.
_Share = tuple[int, asyncio.Future[list[SpoolVerdict]]]

# A few usual batches: with more, the spool would wait while the next are admitted.
_MAX_ENTRIES = 250


class Gathering:
    """The spool as one event loop uses it. Not safe for threads."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._entries: list[SpoolEntry] = []
        self._shares: list[_Share] = []

    async def append(self, entries: Sequence[SpoolEntry]) -> list[SpoolVerdict]:
        """Store some entries: one verdict an entry, after the fsync.

        All of them are in one transaction. Raises StorageFullError when they can't be stored, and
        then none of them is.
        """
        loop = asyncio.get_running_loop()
        if not self._shares:
            loop.call_soon(self._hand_over)
        share: _Share = (len(entries), loop.create_future())
        self._shares.append(share)
        self._entries += entries
        if len(self._entries) > _MAX_ENTRIES:
            self._hand_over()
        return await share[1]

    def _hand_over(self) -> None:
        shares, self._shares = self._shares, []
        entries, self._entries = self._entries, []
        if shares:
            stored = asyncio.wrap_future(self._spool.append(entries))
            stored.add_done_callback(partial(_share_out, shares))


def _share_out(shares: Sequence[_Share], stored: asyncio.Future[list[SpoolVerdict]]) -> None:
    error = stored.exception()
    start = 0
    for count, future in shares:
        end = start + count
        # Who went away meanwhile has cancelled theirs.
        if not future.done():
            if error is None:
                future.set_result(stored.result()[start:end])
            else:
                future.set_exception(error)
        start = end
