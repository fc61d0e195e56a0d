"""Two watches on one PostgreSQL: one leads, and when it dies the other does."""

from __future__ import annotations

import http.client
import time
from pathlib import Path

from tests.support.box import RunningBox, make_box, wait_for
from tests.support.postgresql import running_postgresql

BOTH = ("watch-1", "watch-2")
# What is promised.
WITHIN_S = 10.0


def leads(box: RunningBox, name: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", box.ports[name], timeout=2)
    try:
        connection.request("GET", "/metrics")
        return "tocsin_watch_leading 1.0" in connection.getresponse().read().decode()
    except OSError:
        return False
    finally:
        connection.close()


def leader(box: RunningBox) -> str:
    wait_for(lambda: any(leads(box, name) for name in BOTH), within_s=WITHIN_S, saying="one leads")
    (found,) = [name for name in BOTH if leads(box, name)]
    return found


def test_the_other_leads_within_ten_seconds(tmp_path: Path) -> None:
    with running_postgresql() as server:
        box = make_box(tmp_path, receiver_url="http://127.0.0.1:9", database_url=server.url())
        box.start(*BOTH)
        try:
            first = leader(box)
            box.kill(first)
            began = time.monotonic()
            second = leader(box)
            assert second != first
            print(f"followed after {time.monotonic() - began:.1f} s")
            # One that is told to stop gives the lease back.
            box.start(first)
            box.processes[second].terminate()
            assert box.processes[second].wait(timeout=10) == 0
            assert leader(box) == first
        finally:
            box.stop()
