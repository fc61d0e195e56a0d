"""How a server of HTTP takes its leave: it says so first, and goes on answering for a while.

A balancer that asks /readyz learns that it goes, and clients that keep connections are told with
each answer to open others, before nobody listens any more.
"""

from __future__ import annotations

import threading
from types import FrameType

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

_NOT_READY = 503
_LEAVING = PlainTextResponse("not ready: it stops\n", status_code=_NOT_READY)


class Farewell:
    """An application that tells everybody to go elsewhere, from when it is stopping."""

    def __init__(self, app: ASGIApp, stopping: threading.Event) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not self._stopping.is_set():
            await self._app(scope, receive, send)
        elif scope["path"] == "/readyz":
            await _LEAVING(scope, receive, _closing(send))
        else:
            await self._app(scope, receive, _closing(send))


def _closing(send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["connection"] = "close"
        await send(message)

    return told


class LeavingServer(uvicorn.Server):
    """A server that goes on for some seconds after it is told to stop; told twice, it stops."""

    def __init__(
        self, config: uvicorn.Config, stopping: threading.Event, *, farewell_s: float
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._farewell_s = farewell_s
        self._hurry = threading.Event()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    def leave(self) -> None:
        """Wait until it is told to stop, then end it. For a thread beside it."""
        self._stopping.wait()
        self._hurry.wait(self._farewell_s)
        self.should_exit = True
