import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from processing.adapters.http import marking
from processing.adapters.http.marking import Marker
from processing.notify.due import Due, Lane, Result
from processing.notify.verdict import Answer, Verdict
from schemas.delivery import DeliveryState
from schemas.errors import StorageError, StorageFullError


class FakeOutbox:
    """Fails to mark as often as it is told, then keeps what it is given."""

    def __init__(self, failures: Sequence[StorageError] = ()) -> None:
        self.failures = list(failures)
        self.marked: list[list[int]] = []

    def claim(self, now_s: float, wanted: Callable[[Lane], bool]) -> list[Due]:  # noqa: ARG002
        return []

    def next_due(self, now_s: float) -> float | None:  # noqa: ARG002
        return None

    def mark(self, results: Sequence[Result]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.marked.append([result.due.seq for result in results])


def result(seq: int) -> Result:
    due = Due(
        endpoint_id="post",
        alert_id="a",
        seq=seq,
        priority=1,
        attempts=0,
        payload=b"{}",
        target=None,
    )
    verdict = Verdict(state=DeliveryState.DELIVERED)
    at = datetime(2026, 3, 14, tzinfo=UTC)
    return Result(due=due, at=at, answer=Answer(status=204), verdict=verdict)


async def mark(outbox: FakeOutbox, seqs: Sequence[int], *, close: bool) -> list[int]:
    told: list[int] = []
    all_told = asyncio.Event()

    def marked(results: Sequence[Result]) -> None:
        told.extend(one.due.seq for one in results)
        if len(told) == len(seqs):
            all_told.set()

    with ThreadPoolExecutor(1) as threads:
        marker = Marker(outbox, threads=threads, checkpoint=lambda _name: None, marked=marked)
        for seq in seqs:
            marker.add(result(seq))
        if close:
            marker.close()
        running = asyncio.create_task(marker.run())
        if not close:
            await all_told.wait()
            marker.close()
        await running
    return told


class TestMarker:
    async def test_marks_all_that_is_there_at_once(self) -> None:
        outbox = FakeOutbox()
        assert await mark(outbox, [1, 2, 3], close=False) == [1, 2, 3]
        assert outbox.marked == [[1, 2, 3]]

    async def test_marks_what_is_there_when_it_is_closed(self) -> None:
        outbox = FakeOutbox()
        assert await mark(outbox, [1], close=True) == [1]

    async def test_ends_when_it_is_closed_with_nothing_to_do(self) -> None:
        assert await mark(FakeOutbox(), [], close=True) == []

    async def test_keeps_results_until_the_storage_is_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(marking, "STORAGE_RETRY_S", 0.001)
        outbox = FakeOutbox([StorageError("locked"), StorageFullError("disk is full")])
        assert await mark(outbox, [1, 2], close=False) == [1, 2]
        assert outbox.marked == [[1, 2]]

    async def test_gives_up_only_when_it_is_closed(self) -> None:
        outbox = FakeOutbox([StorageError("locked")])
        assert await mark(outbox, [1], close=True) == []
        assert outbox.marked == []
