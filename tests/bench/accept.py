"""Durably accepted reports a second, beside a FastAPI route that stores nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.bench.boxes import bench_box, start
from tests.bench.client import Answered, Client, Plan, Request
from tests.bench.generator import Sent, generate
from tests.bench.machine import cpu_s
from tests.bench.plans import BATCH, by_unit, lanes
from tests.bench.result import Result
from tests.support.box import free_port, is_ready, wait_for

GOAL = 0.6
# One round's ratio moves by a third on a machine with neighbours.
_ROUNDS = 9


def accept(folder: Path, *, reports: int) -> Result:
    """Send the same batches to both by turns; the door runs without the desk."""
    batches = [batch for batch in by_unit(generate(reports)) if len(batch) == BATCH]
    share = len(batches) // _ROUNDS
    rates: dict[str, list[float]] = {"door": [], "plain": []}
    cpu: dict[str, float] = {}
    with bench_box(folder) as box, _plain() as (plain_url, plain_pid):
        start(box, "door")
        pids = {"door": box.processes["door"].pid, "plain": plain_pid}
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        for number in range(_ROUNDS):
            own = batches[number * share : (number + 1) * share]
            dealt = lanes(own, box.prepared.keys)
            door = Plan(url=box.url, lanes=dealt, clock_path=box.settings.clock_path)
            rates["door"].append(_rate(folder, door, own))
            as_arrays = [[_as_array(request) for request in lane] for lane in dealt]
            rates["plain"].append(_rate(folder, Plan(url=plain_url, lanes=as_arrays), own))
        sent = share * _ROUNDS * BATCH
        cpu = {name: (cpu_s(pid) - before[name]) / sent * 1e6 for name, pid in pids.items()}
        assert box.spooled() == sent, f"{sent} sent, {box.spooled()} in the spool"
    ratio = median(door / plain for door, plain in zip(rates["door"], rates["plain"], strict=True))
    return Result(
        name="accept",
        value=ratio,
        unit="of FastAPI list[Report]",
        goal=f">= {GOAL}",
        is_met=ratio >= GOAL,
        figures={
            "door_a_s": median(rates["door"]),
            "plain_a_s": median(rates["plain"]),
            "door_cpu_us_per_report": cpu["door"],
            "plain_cpu_us_per_report": cpu["plain"],
            "cpu_ratio": cpu["plain"] / cpu["door"],
        },
    )


def _rate(folder: Path, plan: Plan, batches: Sequence[Sequence[Sent]]) -> float:
    answers: list[Answered] = Client(plan, folder).run()
    began = min(one.sent for one in answers)
    ended = max(one.answered for one in answers)
    return sum(map(len, batches)) / (ended - began)


def _as_array(request: Request) -> Request:
    return replace(
        request,
        path="/v1/plain",
        body=b"[" + request.body.replace(b"\n", b",") + b"]",
        media="application/json",
        clock=None,
    )


@contextmanager
def _plain() -> Iterator[tuple[str, int]]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "tests.bench.plain_app", str(port)]) as process:
        try:
            wait_for(lambda: is_ready(port), within_s=30, saying="the plain route answers")
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            process.wait()
