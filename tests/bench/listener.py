"""A receiver of webhooks, as a process of its own: it notes when each came and answers 204."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A running receiver; `arrivals` can be read once it was left."""

    url: str
    ledger: Path

    def arrivals(self) -> dict[tuple[str, int], float]:
        """Return when the first attempt of each (alert_id, seq) arrived, on the monotonic clock."""
        first: dict[tuple[str, int], float] = {}
        for line in self.ledger.read_text().splitlines():
            alert_id, seq, at = json.loads(line)
            first.setdefault((alert_id, seq), at)
        return first


@contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """Receive on a loopback port while entered."""
    ledger = folder / "rings.ndjson"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.listener", str(ledger)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield Listener(url=f"http://127.0.0.1:{port}/hook", ledger=ledger)
        finally:
            process.terminate()
            process.wait()


async def _serve(ledger: Path) -> None:
    # Line by line: the parent reads while we run.
    with ledger.open("a", buffering=1) as file:

        async def take(request: web.Request) -> web.Response:
            at = time.monotonic()
            data: dict[str, Any] = json.loads(await request.read())["data"]
            file.write(json.dumps([data["alert_id"], data["seq"], at]) + "\n")
            return web.Response(status=204)

        app = web.Application()
        app.router.add_post("/hook", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1])))
