"""From generated reports to requests: batches by unit, in the order of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tests.bench.client import Request
from tests.bench.generator import Sent

BATCH = 100
CLIENTS = 16
_BATCH_PATH = "/v1/reports:batch"


def lines(batch: Sequence[Sent], keys: Mapping[str, str], *, due_s: float = 0.0) -> Request:
    """Return one unit's batch as NDJSON; the mission clock goes on to the last of its reports."""
    return Request(
        path=_BATCH_PATH,
        body=b"\n".join(one.body for one in batch),
        media="application/x-ndjson",
        key=keys[batch[0].unit_id],
        due_s=due_s,
        clock=batch[-1].at,
    )


def single(one: Sent, keys: Mapping[str, str], *, due_s: float) -> Request:
    """Return one report as a request of its own."""
    return Request(
        path="/v1/reports",
        body=one.body,
        media="application/json",
        key=keys[one.unit_id],
        due_s=due_s,
        clock=one.at,
    )


def by_unit(sent: Sequence[Sent], *, size: int = BATCH) -> list[Sequence[Sent]]:
    """Cut reports into batches of one unit each, in the order in which each batch is full."""
    open_: dict[str, list[Sent]] = defaultdict(list)
    batches: list[Sequence[Sent]] = []
    for one in sent:
        batch = open_[one.unit_id]
        batch.append(one)
        if len(batch) == size:
            batches.append(tuple(batch))
            batch.clear()
    batches.extend(tuple(batch) for batch in open_.values() if batch)
    return sorted(batches, key=lambda batch: batch[-1].at)


def lanes(batches: Sequence[Sequence[Sent]], keys: Mapping[str, str]) -> list[list[Request]]:
    """Deal batches to the clients, so that all of them advance in time together."""
    dealt: list[list[Request]] = [[] for _ in range(CLIENTS)]
    for number, batch in enumerate(batches):
        dealt[number % CLIENTS].append(lines(batch, keys))
    return dealt
