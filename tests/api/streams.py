"""Drives an ASGI app as a server would, one open stream at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

App = Callable[[Any, Any, Any], Awaitable[None]]
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event."""

    name: str
    event_id: int
    data: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class OpenStream:
    """What the client has read of a stream so far."""

    sent: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    is_stuck: bool = False
    _rest: bytes = b""

    async def receive(self) -> dict[str, Any]:
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        self.sent.put_nowait(message)

    async def start(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.sent.get(), PATIENCE_S)

    async def event(self) -> Event:
        while b"\n\n" not in self._rest:
            message = await asyncio.wait_for(self.sent.get(), PATIENCE_S)
            if not message.get("more_body"):
                raise EOFError
            self._rest += message["body"]
        text, _, self._rest = self._rest.partition(b"\n\n")
        lines = dict(line.split(": ", 1) for line in text.decode().splitlines())
        if "retry" in lines:
            return await self.event()
        return Event(
            name=lines["event"], event_id=int(lines["id"]), data=orjson.loads(lines["data"])
        )

    async def change(self) -> Event:
        """Read the next event that is no clock."""
        while (event := await self.event()).name == "clock":
            pass
        return event

    async def changes(self) -> list[Event]:
        """Read up to and without the next clock."""
        found: list[Event] = []
        while (event := await self.event()).name != "clock":
            found.append(event)
        return found

    async def ends(self) -> None:
        assert self.task is not None
        await asyncio.wait_for(self.task, PATIENCE_S)


@asynccontextmanager
async def opened(
    app: App, *, cookie: str, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[OpenStream]:
    """Open `/v1/stream`; leave it at the end."""
    given = {"cookie": f"tocsin={cookie}", "host": "testserver"} | (headers or {})
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/stream",
        "raw_path": b"/v1/stream",
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    stream = OpenStream()
    stream.task = asyncio.create_task(_run(app, scope, stream))
    try:
        yield stream
    finally:
        stream.leaving.set()
        await asyncio.wait_for(stream.task, PATIENCE_S)


async def _run(app: App, scope: dict[str, Any], stream: OpenStream) -> None:
    await app(scope, stream.receive, stream.send)
