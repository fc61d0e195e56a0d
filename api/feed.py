"""Server-sent events: what changed, to those who may see it.

One poller a process reads `changes` while somebody listens, once for all listeners who see the
same (level, areas, roles). Each listener has a bounded queue; one that does not keep up is let go
and resumes from the table with `Last-Event-ID`. Where there is too much to send one by one, or
too much was missed, one `reset` says: read everything again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api.parts import ApiParts
from api.repository.accounts import still_live
from api.repository.changes import Change, Span, changes_between, span_of_changes
from schemas.access import Principal
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

# A page of the table when a listener catches up, and how many of them before it is told to reset.
RESUME_PAGE = 256
RESUME_MAX = 20 * RESUME_PAGE
# Rows of one poll and viewpoint; the same thing often changes several times in between.
POLL_MAX = 1_024
CLOCK_EVERY = timedelta(seconds=1)
KEEP_ALIVE_EVERY = timedelta(seconds=15)
SESSIONS_CHECKED_EVERY = timedelta(seconds=10)
# What a browser waits before it connects again.
RETRY_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """What decides which changes are seen: listeners of one viewpoint share a query."""

    principal: Principal

    @classmethod
    def of(cls, principal: Principal) -> Viewpoint:
        """Return a person's viewpoint; who they are plays no part in it."""
        anonymous = {"user_id": "", "name": "", "roles": tuple(sorted(principal.roles))}
        return cls(principal=principal.model_copy(update=anonymous))


@dataclass(eq=False, slots=True, kw_only=True)
class Listener:
    """One open stream."""

    viewpoint: Viewpoint
    session_sha256: str
    queue: asyncio.Queue[bytes]
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, event: bytes) -> bool:
        """Queue an event; a listener whose queue is full is let go."""
        if self.gone.is_set():
            return False
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.gone.set()
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """What one poll found: the last change, and those that each viewpoint may see."""

    last: int
    changes: dict[Viewpoint, list[Change]]
    live: frozenset[str] | None


class Feed:
    """The poller and its listeners. Everything but the reading happens on the event loop."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._listeners: set[Listener] = set()
        self._last = 0
        # Held while the poller reads, so that a newcomer starts exactly where a poll ended.
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._is_closed = False
        self._sessions_due_s = 0.0
        self._clock_due_s = 0.0
        self._keep_alive_due_s = 0.0
        self._told_now: datetime | None = None

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    @property
    def is_full(self) -> bool:
        """Whether no further stream may be opened now."""
        return self._is_closed or self.listeners >= self._parts.settings.streams_max

    def close(self) -> None:
        """End every stream and take no new one."""
        self._is_closed = True
        self._wanted.set()
        for listener in self._listeners:
            listener.gone.set()

    async def run(self) -> None:
        """Poll until cancelled or stopping; asleep while nobody listens."""
        while not self._is_closed:
            await self._wanted.wait()
            if self._parts.is_stopping():
                self.close()
                return
            await self._poll_or_log()
            await asyncio.sleep(self._parts.settings.stream_poll.total_seconds())

    async def poll(self) -> None:
        """Read once what changed and hand it out."""
        async with self._turn:
            viewpoints = {listener.viewpoint for listener in self._listeners}
            sessions = self._sessions_to_check()
            news = await run_in_threadpool(self._read_news, viewpoints, sessions)
            self._hand_out(news)

    async def events(
        self, principal: Principal, session_sha256: str, *, last_event_id: int | None
    ) -> AsyncGenerator[bytes]:
        """Yield the bytes of events until the listener is let go or the feed closes."""
        listener, start = await self._join(principal, session_sha256)
        try:
            yield b"retry: %d\n\n" % RETRY_MS
            if last_event_id is not None:
                async with aclosing(self._missed(listener, last_event_id, start)) as missed:
                    async for event in missed:
                        yield event
            yield self._clock_event(start)
            async for event in _queued(listener):
                yield event
        finally:
            self._leave(listener)

    async def _join(self, principal: Principal, session_sha256: str) -> tuple[Listener, int]:
        settings = self._parts.settings
        listener = Listener(
            viewpoint=Viewpoint.of(principal),
            session_sha256=session_sha256,
            queue=asyncio.Queue(settings.stream_queue),
        )
        async with self._turn:
            if not self._listeners:
                span = await run_in_threadpool(self._read_span)
                self._last = span.last
            self._listeners.add(listener)
            self._wanted.set()
            return listener, self._last

    def _leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and not self._is_closed:
            self._wanted.clear()

    async def _missed(
        self, listener: Listener, last_event_id: int, start: int
    ) -> AsyncGenerator[bytes]:
        span = await run_in_threadpool(self._read_span)
        if is_too_old(last_event_id, span, until=start):
            yield reset_event(start)
            return
        after = last_event_id
        while after < start:
            found = await run_in_threadpool(self._read_page, listener, after, start)
            for change in found:
                yield change_event(change)
            after = found[-1].seq if len(found) == RESUME_PAGE else start

    def _sessions_to_check(self) -> frozenset[str]:
        now_s = self._parts.monotonic()
        if now_s < self._sessions_due_s:
            return frozenset()
        self._sessions_due_s = now_s + SESSIONS_CHECKED_EVERY.total_seconds()
        return frozenset(listener.session_sha256 for listener in self._listeners)

    def _read_span(self) -> Span:
        with self._parts.read() as connection:
            return span_of_changes(connection)

    def _read_page(self, listener: Listener, after: int, until: int) -> list[Change]:
        principal = listener.viewpoint.principal
        with self._parts.read() as connection:
            return changes_between(
                connection, principal, after=after, until=until, limit=RESUME_PAGE
            )

    def _read_news(self, viewpoints: set[Viewpoint], sessions: frozenset[str]) -> _News:
        with self._parts.read() as connection:
            last = span_of_changes(connection).last
            live = None
            if sessions:
                live = still_live(connection, sessions, now=self._parts.system_clock.now())
            found: dict[Viewpoint, list[Change]] = {}
            if last > self._last:
                limit = POLL_MAX + 1
                for each in viewpoints:
                    found[each] = changes_between(
                        connection, each.principal, after=self._last, until=last, limit=limit
                    )
        return _News(last=last, changes=found, live=live)

    def _hand_out(self, news: _News) -> None:
        events = {
            viewpoint: events_of(found, last=news.last, limit=self._parts.settings.stream_queue)
            for viewpoint, found in news.changes.items()
        }
        clock = self._due_clock(news.last)
        for listener in self._listeners:
            if news.live is not None and listener.session_sha256 not in news.live:
                listener.gone.set()
                continue
            for event in (*events.get(listener.viewpoint, ()), *clock):
                listener.offer(event)
        self._last = max(self._last, news.last)

    def _due_clock(self, last: int) -> tuple[bytes, ...]:
        """Return the clock's event when a replay has moved it, or to keep the line alive."""
        now_s = self._parts.monotonic()
        now = self._parts.mission_clock.now()
        has_moved = self._parts.mission.replay and now != self._told_now
        if not (has_moved and now_s >= self._clock_due_s) and now_s < self._keep_alive_due_s:
            return ()
        self._told_now = now
        self._clock_due_s = now_s + CLOCK_EVERY.total_seconds()
        self._keep_alive_due_s = now_s + KEEP_ALIVE_EVERY.total_seconds()
        return (self._clock_event(last),)

    def _clock_event(self, last: int) -> bytes:
        now = self._parts.mission_clock.now().isoformat().replace("+00:00", "Z")
        return event_bytes("clock", {"now": now}, seq=last)

    async def _poll_or_log(self) -> None:
        try:
            await self.poll()
        except (SQLAlchemyError, StorageError) as error:
            log.warning("feed could not read", error=type(error).__name__)


async def _queued(listener: Listener) -> AsyncIterator[bytes]:
    while (event := await _next_or_gone(listener)) is not None:
        yield event


async def _next_or_gone(listener: Listener) -> bytes | None:
    gone = asyncio.ensure_future(listener.gone.wait())
    event = asyncio.ensure_future(listener.queue.get())
    try:
        await asyncio.wait({gone, event}, return_when=asyncio.FIRST_COMPLETED)
        return None if listener.gone.is_set() else event.result()
    finally:
        gone.cancel()
        event.cancel()


def is_too_old(last_event_id: int, span: Span, *, until: int) -> bool:
    """Say whether a listener has missed more than can be sent, or comes from another database."""
    was_dropped = last_event_id + 1 < span.first
    is_from_elsewhere = last_event_id > max(until, span.last)
    return was_dropped or is_from_elsewhere or until - last_event_id > RESUME_MAX


def events_of(found: Sequence[Change], *, last: int, limit: int) -> list[bytes]:
    """Return the events of a poll: the last change of each thing, or one reset if too many."""
    latest = {(change.entity, change.entity_id): change for change in found}
    if len(found) > POLL_MAX or len(latest) > limit:
        return [reset_event(last)]
    ordered = sorted(latest.values(), key=_seq)
    return [change_event(change) for change in ordered]


def change_event(change: Change) -> bytes:
    """Return the event of one change; its id is where to resume."""
    data: dict[str, str | int] = {
        "entity": change.entity,
        "id": change.entity_id,
        "revision": change.revision,
        "seq": change.seq,
    }
    return event_bytes("change", data, seq=change.seq)


def reset_event(last: int) -> bytes:
    """Return the event that says: read everything again, then go on from here."""
    return event_bytes("reset", {"seq": last}, seq=last)


def event_bytes(name: str, data: dict[str, str | int], *, seq: int) -> bytes:
    """Return one event of a stream. JSON has no raw line breaks, so one data line holds it."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, name.encode(), orjson.dumps(data))


def _seq(change: Change) -> int:
    return change.seq
