"""A response that stays open: ends when the client leaves, stalls, or the events end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

log = structlog.get_logger(__name__)


class EventStream(Response):
    """Sends events as they come. A client that takes none for `send_timeout_s` is let go."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes], *, send_timeout_s: float) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._send_timeout_s = send_timeout_s

    @override
    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Run until one of the two sides is done."""
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_wait_for_leave(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            results = await asyncio.gather(sending, leaving, return_exceptions=True)
            _log_failure(results[0])

    async def _send_all(self, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        async with aclosing(self._events) as events:
            async for event in events:
                async with asyncio.timeout(self._send_timeout_s):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_for_leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _log_failure(result: BaseException | None) -> None:
    if isinstance(result, Exception):
        log.warning("stream ended early", error=type(result).__name__)
