"""The sender, as a process of its own: it shares no interpreter with what it measures.

It reads its plan, says "ready", waits for a line, sends each lane's requests one after another
(all lanes at once, each on its own connection) and writes when each was sent and answered.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from deploy.clocks import SteppedClock, open_stepped_clock

# Of a clock that nobody made yet; the box has made it.
_START = datetime(2011, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST. `due_s` after the start at the earliest; `clock` is what the mission clock says."""

    path: str
    body: bytes
    media: str
    key: str
    due_s: float = 0.0
    clock: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send where; a lane is one client."""

    url: str
    lanes: Sequence[Sequence[Request]]
    clock_path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request, by lane and number, with its times on the machine's monotonic clock."""

    lane: int
    number: int
    status: int
    sent: float
    answered: float


class Client:
    """A sender that is loaded and waits. `run` may be called once."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._answers = folder / "answers.json"
        path = folder / "plan.pickle"
        path.write_bytes(pickle.dumps(plan))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.client", str(path), str(self._answers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(self) -> list[Answered]:
        """Send everything; return when all is answered. Fails if anything was refused."""
        self.go()
        return self.result()

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def result(self) -> list[Answered]:
        assert self._process.wait() == 0
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        answers = [Answered(**one) for one in json.loads(self._answers.read_text())]
        refused = [one for one in answers if one.status not in {200, 202}]
        assert not refused, refused[:3]
        return answers


async def send_all(plan: Plan) -> list[Answered]:
    clock = None
    if plan.clock_path is not None:
        clock = open_stepped_clock(plan.clock_path, start=_START)
    connector = aiohttp.TCPConnector(limit=len(plan.lanes))
    async with aiohttp.ClientSession(connector=connector) as session:
        start = time.monotonic()
        lanes = await asyncio.gather(
            *(_send_lane(session, plan, lane, clock, start) for lane in range(len(plan.lanes)))
        )
    return [one for lane in lanes for one in lane]


async def _send_lane(
    session: aiohttp.ClientSession,
    plan: Plan,
    lane: int,
    clock: SteppedClock | None,
    start: float,
) -> list[Answered]:
    answers = []
    for number, request in enumerate(plan.lanes[lane]):
        wait_s = start + request.due_s - time.monotonic()
        if request.due_s and wait_s > 0:
            await asyncio.sleep(wait_s)
        if clock is not None and request.clock is not None:
            clock.step(request.clock)
        headers = {"Authorization": f"Bearer {request.key}", "Content-Type": request.media}
        sent = time.monotonic()
        async with session.post(
            plan.url + request.path, data=request.body, headers=headers
        ) as response:
            await response.read()
            answers.append(
                Answered(
                    lane=lane,
                    number=number,
                    status=response.status,
                    sent=sent,
                    answered=time.monotonic(),
                )
            )
    return answers


def main(plan_path: str, answers_path: str) -> None:
    plan: Plan = pickle.loads(Path(plan_path).read_bytes())  # noqa: S301 - written by our parent
    print("ready", flush=True)
    sys.stdin.readline()
    answers = asyncio.run(send_all(plan))
    rows = [
        {
            "lane": one.lane,
            "number": one.number,
            "status": one.status,
            "sent": one.sent,
            "answered": one.answered,
        }
        for one in answers
    ]
    Path(answers_path).write_text(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
