"""What a box costs while nothing happens and one person watches."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests.bench.boxes import bench_box
from tests.bench.machine import cpu_s, with_children
from tests.bench.result import Result
from tests.support.box import RunningBox, is_ready, wait_for

GOAL_PERCENT = 3.0
_SETTLE_S = 5.0
_READY_WITHIN_S = 180.0


def idle(folder: Path, *, seconds: float) -> Result:
    """Run `tocsin all` with one signed-in stream, and read the CPU time of all its processes."""
    with (
        bench_box(folder) as box,
        (folder / "all.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "all"],
            env=box.settings.as_environment(),
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            for port in (box.settings.port, box.settings.health_port):
                _wait_ready(port)
            used = asyncio.run(_watched(box, process.pid, seconds))
        finally:
            process.terminate()
            process.wait()
    return Result(
        name="idle",
        value=sum(used.values()),
        unit="% of a core",
        goal=f"< {GOAL_PERCENT:g}",
        is_met=sum(used.values()) < GOAL_PERCENT,
        figures={f"process_{number}_percent": one for number, one in enumerate(used.values())},
    )


def _wait_ready(port: int) -> None:
    wait_for(lambda: is_ready(port), within_s=_READY_WITHIN_S, saying=f"port {port} is ready")


async def _watched(box: RunningBox, pid: int, seconds: float) -> dict[int, float]:
    token = parse_qs(urlsplit(box.prepared.link.replace("/#/", "/")).query)["token"][0]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        signing = {"token": token, "password": "a bench's password"}
        async with session.post(f"{box.url}/v1/sign-in/link", json=signing) as response:
            assert response.status == 204, await response.text()
        timeout = aiohttp.ClientTimeout(total=None)
        async with session.get(f"{box.url}/v1/stream", timeout=timeout) as stream:
            assert stream.status == 200, await stream.text()
            reading = asyncio.create_task(_drain(stream))
            await asyncio.sleep(_SETTLE_S)
            pids = with_children(pid)
            before = {one: cpu_s(one) for one in pids}
            began = time.monotonic()
            await asyncio.sleep(seconds)
            took = time.monotonic() - began
            used = {one: 100 * (cpu_s(one) - before[one]) / took for one in pids}
            assert not reading.done(), "the stream ended"
            reading.cancel()
    return used


async def _drain(stream: aiohttp.ClientResponse) -> None:
    async for _ in stream.content:
        pass
