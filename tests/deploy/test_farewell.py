"""A door that stops says so first, and goes on answering for a while."""

from __future__ import annotations

import http.client
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.farewell import Farewell, LeavingServer
from deploy.settings import Settings
from tests.support.box import free_port, is_ready, wait_for

WITHIN_S = 20.0


async def answer(_request: Request) -> Response:
    return PlainTextResponse("taken")


APP = Starlette(routes=[Route("/readyz", answer), Route("/v1/reports", answer)])


@contextmanager
def serving(farewell_s: float) -> Iterator[tuple[LeavingServer, int, threading.Thread]]:
    stopping, port = threading.Event(), free_port()
    config = uvicorn.Config(Farewell(APP, stopping), port=port, http="httptools", lifespan="off")
    server = LeavingServer(config, stopping, farewell_s=farewell_s)
    threads = [threading.Thread(target=server.run), threading.Thread(target=server.leave)]
    for thread in threads:
        thread.start()
    wait_for(lambda: is_ready(port), within_s=WITHIN_S, saying="it is ready")
    yield server, port, threads[0]
    server.handle_exit(signal.SIGTERM, None)
    server.handle_exit(signal.SIGTERM, None)
    for thread in threads:
        thread.join(WITHIN_S)


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, str | None]:
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response.status, response.getheader("connection")


def test_who_asks_is_told_and_who_comes_is_still_answered() -> None:
    with serving(farewell_s=60.0) as (server, port, thread):
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        assert ask(kept, "/v1/reports") == (200, None)
        server.handle_exit(signal.SIGTERM, None)
        assert ask(kept, "/v1/reports") == (200, "close")
        for path, status in (("/readyz", 503), ("/v1/reports", 200)):
            late = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            assert ask(late, path) == (status, "close")
            late.close()
        kept.close()
        # Told again it goes at once.
        server.handle_exit(signal.SIGTERM, None)
        thread.join(WITHIN_S)
        assert not thread.is_alive()


def test_it_ends_by_itself() -> None:
    with serving(farewell_s=0.1) as (server, _port, thread):
        server.handle_exit(signal.SIGTERM, None)
        thread.join(WITHIN_S)
        assert not thread.is_alive()


def test_a_farewell_leaves_time_to_finish() -> None:
    with pytest.raises(ValidationError, match="TOCSIN_FAREWELL_S is more than half"):
        Settings(farewell_s=6.0, stop_seconds=10.0)
