"""The live feed, from the table of changes to what a browser reads."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, insert, update

from api.feed import POLL_MAX, RESUME_MAX, Feed, event_bytes, events_of, is_too_old
from api.parts import ApiSettings
from api.repository.changes import Change, Span
from api.tokens import new_token, token_sha256
from schemas import tables
from schemas.access import Level, Principal, Role
from schemas.incident import Incident
from tests.api.rows import (
    JUBA,
    NOON,
    a_flag,
    a_report,
    an_alert,
    an_incident,
    put_alert,
    put_change,
    put_flag,
    put_incident,
    put_report,
)
from tests.api.streams import Event, opened
from tests.api.world import World, person


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An app whose feed the test polls itself."""

    world: World
    app: FastAPI

    @property
    def feed(self) -> Feed:
        feed: Feed = self.app.state.services.feed
        return feed

    def session(self, who: Principal) -> str:
        """Begin a session without the cost of a password."""
        self.world.add_user(who)
        token = new_token()
        with self.world.begin() as connection:
            connection.execute(
                insert(tables.sessions).values(
                    session_sha256=token_sha256(token),
                    user_id=who.user_id,
                    csrf="c",
                    created_at=NOON,
                    expires_at=NOON + timedelta(hours=12),
                )
            )
        return token

    def change(self, *entities: tuple[str, str]) -> None:
        with self.world.begin() as connection:
            for entity, entity_id in entities:
                put_change(connection, entity, entity_id)

    async def poll(self, *, seconds: float = 1) -> None:
        """One poll, late enough for the clock to be due."""
        self.world.clock.move(seconds=seconds)
        await self.feed.poll()


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world=world, app=world.app())


@pytest.fixture
def alert(world: World) -> str:
    with world.begin() as connection:
        return put_alert(connection, an_alert())


def told(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.data["entity"], event.data["id"]) for event in events]


class TestStream:
    async def test_starts_with_the_clock_and_where_to_resume(self, desk: Desk, alert: str) -> None:
        desk.change(("alert", alert), ("alert", alert))
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            start = await stream.start()
            headers = dict(start["headers"])
            assert start["status"] == 200
            assert headers[b"content-type"].startswith(b"text/event-stream")
            assert headers[b"cache-control"] == b"no-store"
            assert b"content-length" not in headers
            first = await stream.event()
            assert (first.name, first.event_id) == ("clock", 2)
            assert first.data == {"now": "2013-12-16T12:00:00Z"}

    async def test_tells_what_changed_since(self, desk: Desk, alert: str) -> None:
        desk.change(("alert", alert))
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            assert await stream.changes() == []
            desk.change(("alert", alert))
            await desk.poll()
            (change,) = await stream.changes()
            assert (change.name, change.event_id) == ("change", 2)
            assert change.data == {"entity": "alert", "id": alert, "revision": 1, "seq": 2}

    async def test_tells_only_what_the_caller_may_see(self, desk: Desk) -> None:
        who = person("dot", level=Level.CONFIDENTIAL)
        shown: list[tuple[str, str]] = []
        with desk.world.begin() as connection:
            for level in Level:
                n = int(level)
                rows = [
                    (
                        "incident",
                        put_incident(connection, at_level(n)),
                    ),
                    ("flag", put_flag(connection, a_flag(f"R0{n}|x|ANY", level=n))),
                    ("alert", put_alert(connection, an_alert(n, level=n))),
                    ("report", put_report(connection, a_report(f"root-{n}"), level=n)),
                ]
                shown += rows if level <= who.level else []
        async with opened(desk.app, cookie=desk.session(who)) as stream:
            await stream.start()
            await stream.changes()
            every = [("incident", "0" * 8 + "-0000-8000-8000-" + "0" * 12), ("alert", "not an id")]
            with desk.world.read() as connection:
                for entity, table, key in (
                    ("incident", tables.incidents, tables.incidents.c.incident_id),
                    ("flag", tables.flags, tables.flags.c.flag_id),
                    ("alert", tables.alerts, tables.alerts.c.alert_id),
                    ("report", tables.reports, tables.reports.c.report_id),
                ):
                    ids = connection.execute(table.select().with_only_columns(key)).scalars()
                    every += [(entity, each) for each in ids]
            desk.change(*every)
            await desk.poll()
            assert sorted(told(await stream.changes())) == sorted(shown)

    async def test_two_callers_hear_each_their_own(self, desk: Desk, alert: str) -> None:
        near, far = person("near"), person("far", areas=(JUBA,))
        async with (
            opened(desk.app, cookie=desk.session(near)) as first,
            opened(desk.app, cookie=desk.session(far)) as second,
        ):
            for stream in (first, second):
                await stream.start()
                await stream.changes()
            desk.change(("alert", alert))
            await desk.poll()
            assert told(await first.changes()) == [("alert", alert)]
            assert told(await second.changes()) == []

    async def test_an_incident_that_became_part_of_another_is_told(self, desk: Desk) -> None:
        old = an_incident("root-2").incident_id
        lost = an_incident("root-3").incident_id
        with desk.world.begin() as connection:
            new = put_incident(connection, an_incident("root-1"))
            hidden = put_incident(connection, an_incident("root-4", level=1, min_level=1))
            for old_id, new_id in ((old, new), (lost, hidden)):
                connection.execute(
                    insert(tables.redirects).values(
                        old_id=old_id, new_id=new_id, entity="incident", at=NOON
                    )
                )
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            await stream.changes()
            desk.change(("incident", new), ("incident", old), ("incident", lost))
            await desk.poll()
            assert told(await stream.changes()) == [("incident", new), ("incident", old)]

    async def test_a_caller_who_may_not_read_the_map_is_refused(self, desk: Desk) -> None:
        async with opened(desk.app, cookie=desk.session(person("x", Role.ADMIN))) as stream:
            assert (await stream.start())["status"] == 403
            await stream.ends()


class TestResume:
    @pytest.mark.parametrize("how", ["header", "query"])
    async def test_goes_on_after_the_last_event(self, desk: Desk, how: str) -> None:
        with desk.world.begin() as connection:
            ids = [put_alert(connection, an_alert(number)) for number in range(5)]
        desk.change(*(("alert", each) for each in ids))
        query = "last_event_id=2" if how == "query" else ""
        headers = {"last-event-id": "2"} if how == "header" else {}
        cookie = desk.session(person())
        async with opened(desk.app, cookie=cookie, query=query, headers=headers) as stream:
            await stream.start()
            assert told(await stream.changes()) == [("alert", each) for each in ids[2:]]

    async def test_misses_nothing_and_repeats_nothing_between_table_and_live(
        self, desk: Desk
    ) -> None:
        with desk.world.begin() as connection:
            ids = [put_alert(connection, an_alert(number)) for number in range(600)]
        desk.change(*(("alert", each) for each in ids[:550]))
        cookie = desk.session(person())
        async with opened(desk.app, cookie=cookie, query="last_event_id=10") as stream:
            await stream.start()
            desk.change(*(("alert", each) for each in ids[550:]))
            await stream_is_open(desk)
            await desk.poll()
            found = await stream.changes()
            while len(found) < 590:
                found += await stream.changes()
            assert [event.event_id for event in found] == list(range(11, 601))

    async def test_that_is_too_old_is_told_to_read_everything_again(
        self, desk: Desk, alert: str
    ) -> None:
        desk.change(*[("alert", alert)] * 5)
        with desk.world.begin() as connection:
            connection.execute(delete(tables.changes).where(tables.changes.c.seq < 4))
        cookie = desk.session(person())
        async with opened(desk.app, cookie=cookie, query="last_event_id=1") as stream:
            await stream.start()
            first = await stream.event()
            assert (first.name, first.event_id) == ("reset", 5)

    @pytest.mark.parametrize("given", ["-1", "x", "1.5", "9" * 30, "٣"])
    async def test_from_what_is_no_event_is_a_400(self, desk: Desk, given: str) -> None:
        cookie = desk.session(person())
        async with opened(desk.app, cookie=cookie, query=f"last_event_id={given}") as stream:
            assert (await stream.start())["status"] == 400
            await stream.ends()

    @pytest.mark.parametrize(
        ("last_event_id", "span", "expected"),
        [
            (0, Span(first=0, last=0), False),
            (0, Span(first=1, last=5), False),
            (0, Span(first=2, last=5), True),
            (5, Span(first=3, last=5), False),
            (2, Span(first=3, last=5), False),
            (1, Span(first=3, last=5), True),
            (6, Span(first=1, last=5), True),
            (1, Span(first=1, last=RESUME_MAX + 1), False),
            (0, Span(first=1, last=RESUME_MAX + 1), True),
        ],
    )
    def test_knows_what_is_too_old(self, last_event_id: int, span: Span, expected: bool) -> None:  # noqa: FBT001 - a case
        assert is_too_old(last_event_id, span, until=span.last) is expected


class TestListener:
    async def test_that_does_not_keep_up_is_let_go(self, desk: Desk, alert: str) -> None:
        settings = ApiSettings(stream_queue=4, stream_send_timeout=timedelta(milliseconds=50))
        slow = Desk(world=desk.world, app=desk.world.app(settings=settings))
        async with opened(slow.app, cookie=slow.session(person())) as stream:
            await stream.start()
            await stream.changes()
            stream.is_stuck = True
            for _ in range(6):
                slow.change(("alert", alert))
                await slow.poll()
            await stream.ends()
        assert slow.feed.listeners == 0

    async def test_leaves_nothing_behind(self, desk: Desk) -> None:
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            await stream.changes()
            assert desk.feed.listeners == 1
        assert desk.feed.listeners == 0

    async def test_is_let_go_when_the_session_ends(self, desk: Desk) -> None:
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            await stream.changes()
            with desk.world.begin() as connection:
                connection.execute(delete(tables.sessions))
            await desk.poll(seconds=11)
            await stream.ends()

    async def test_is_let_go_when_the_person_is_disabled(self, desk: Desk) -> None:
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            await stream.changes()
            with desk.world.begin() as connection:
                connection.execute(update(tables.users).values(disabled_at=NOON))
            await desk.poll(seconds=11)
            await stream.ends()

    async def test_beyond_the_limit_is_asked_to_come_later(self, desk: Desk) -> None:
        few = Desk(world=desk.world, app=desk.world.app(settings=ApiSettings(streams_max=1)))
        cookie = few.session(person())
        async with opened(few.app, cookie=cookie) as first:
            await first.start()
            await first.changes()
            async with opened(few.app, cookie=cookie) as second:
                assert (await second.start())["status"] == 503


class TestClock:
    async def test_of_a_replay_is_told_each_second_while_it_moves(self, desk: Desk) -> None:
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            await stream.changes()
            await desk.poll(seconds=1)
            assert (await stream.event()).data == {"now": "2013-12-16T12:00:01Z"}
            await desk.poll(seconds=0.2)
            await desk.poll(seconds=0.9)
            assert (await stream.event()).data == {"now": "2013-12-16T12:00:02.100000Z"}

    async def test_that_stands_still_is_told_to_keep_the_line_alive(self, world: World) -> None:
        ticks = count()
        steady = world.app(monotonic=lambda: float(next(ticks)))
        desk = Desk(world=world, app=steady)
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            await stream.start()
            await stream.changes()
            for _ in range(40):
                await desk.feed.poll()
            told_at = stream.sent.qsize()
            assert 1 <= told_at <= 40 * 3 // 15


class TestService:
    async def test_polls_by_itself_and_stops_at_once(self, world: World, alert: str) -> None:
        settings = ApiSettings(stream_poll=timedelta(milliseconds=5))
        desk = Desk(world=world, app=world.app(settings=settings))
        async with (
            desk.app.router.lifespan_context(desk.app),
            opened(desk.app, cookie=desk.session(person())) as stream,
        ):
            await stream.start()
            await stream.changes()
            desk.change(("alert", alert))
            assert told([await stream.change()]) == [("alert", alert)]
            world.stopping = True
            await stream.ends()

    async def test_takes_no_stream_once_it_is_closed(self, desk: Desk) -> None:
        desk.feed.close()
        async with opened(desk.app, cookie=desk.session(person())) as stream:
            assert (await stream.start())["status"] == 503


class TestEvents:
    def test_the_last_change_of_a_thing_stands_for_those_before(self) -> None:
        found = [change(1, "a"), change(2, "b"), change(3, "a")]
        assert events_of(found, last=3, limit=10) == events_of(found[1:], last=3, limit=10)

    def test_too_many_are_one_reset(self) -> None:
        found = [change(n, str(n)) for n in range(1, 12)]
        reset = event_bytes("reset", {"seq": 11}, seq=11)
        assert events_of(found, last=11, limit=10) == [reset]
        same = [change(n, "a") for n in range(1, POLL_MAX + 2)]
        assert events_of(same, last=2_000, limit=10)[0].startswith(b"id: 2000\nevent: reset")

    def test_an_event_is_one_line_of_data_whatever_it_holds(self) -> None:
        raw = event_bytes("change", {"id": "a\n\ndata: b"}, seq=7)
        assert raw.count(b"\n\n") == 1
        assert raw.endswith(b"\n\n")


def at_level(level: int) -> Incident:
    return an_incident(f"root-{level}", level=level, min_level=level)


def change(seq: int, entity_id: str) -> Change:
    return Change(seq=seq, entity="alert", entity_id=entity_id, revision=1)


async def stream_is_open(desk: Desk) -> None:
    async with asyncio.timeout(10):
        while desk.feed.listeners == 0:  # noqa: ASYNC110 - joining has no event of its own
            await asyncio.sleep(0)
