"""A small mission in a SQLite file, and the service over it, for the tests of `api`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Connection, Engine, create_engine, event, select, update
from starlette.testclient import TestClient

from api.accounts import create_user, issue_link
from api.app import create_app
from api.parts import ApiParts
from processing.adapters.sql.postgresql import postgresql_engine
from schemas import tables
from schemas.access import Level, Principal, Role
from schemas.alert import TRANSITIONS, Alert, AlertAction, Transition, TransitionKind
from schemas.codec import decode
from schemas.errors import NotFoundError, RefusedError
from schemas.flag import Flag
from tests.api.rows import MISSION, NOON, put_alert, put_change, put_transition

PASSWORD = "correct horse battery"
# Fast on purpose: tests sign in hundreds of times.
WEAK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class FakeClock:
    """A clock that the test moves."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeRecomputed:
    equal: bool
    stored: Flag
    recomputed: Flag | None
    differences: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class World:
    """The database, the clock and what stands in for the desk."""

    engine: Engine
    clock: FakeClock = field(default_factory=FakeClock)
    stopping: bool = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def act(self, alert_id: str, action: AlertAction, *, by: Principal, now: datetime) -> Alert:
        with self.begin() as connection:
            found = connection.execute(
                select(tables.alerts.c.body).where(tables.alerts.c.alert_id == alert_id)
            ).scalar_one_or_none()
            if found is None:
                raise NotFoundError(alert_id)
            alert = decode(Alert, found)
            if action.seq != alert.seq or action.to_state not in TRANSITIONS[alert.state]:
                raise RefusedError("somebody was faster")
            changed = alert.model_copy(
                update={"state": action.to_state, "seq": alert.seq + 1, "updated_at": now}
            )
            step = Transition(
                alert_id=alert_id,
                seq=changed.seq,
                kind=TransitionKind.ACKNOWLEDGED,
                at=now,
                by=by.user_id,
                from_state=alert.state,
                to_state=action.to_state,
                priority=alert.priority,
            )
            put_alert(connection, changed)
            put_transition(connection, step)
            put_change(connection, "alert", alert_id, revision=changed.seq)
            return changed

    def recompute(self, flag_id: str) -> FakeRecomputed:
        with self.read() as connection:
            found = connection.execute(
                select(tables.flags.c.body).where(tables.flags.c.flag_id == flag_id)
            ).scalar_one_or_none()
        if found is None:
            raise NotFoundError(flag_id)
        stored = decode(Flag, found)
        return FakeRecomputed(equal=True, stored=stored, recomputed=stored)

    def parts(self, **changes: object) -> ApiParts:
        given: dict[str, Any] = {
            "read": self.read,
            "begin": self.begin,
            "mission": MISSION,
            "mission_clock": self.clock,
            "system_clock": self.clock,
            "monotonic": self.clock.monotonic,
            "alert_desk": self,
            "recomputer": self,
            "passwords": WEAK_HASHER,
            "is_stopping": lambda: self.stopping,
        }
        return ApiParts(**(given | changes))

    def app(self, **changes: object) -> FastAPI:
        return create_app(self.parts(**changes))

    def add_user(self, person: Principal) -> None:
        with self.begin() as connection:
            create_user(connection, person, by="test", now=self.clock.now())
            connection.execute(
                update(tables.users)
                .where(tables.users.c.user_id == person.user_id)
                .values(password_hash=WEAK_HASHER.hash(PASSWORD))
            )

    def link(self, user_id: str) -> str:
        with self.begin() as connection:
            return issue_link(connection, user_id, by="test", now=self.clock.now())


def make_database(where: Path | str) -> None:
    engine = _engine(where)
    tables.metadata.create_all(engine)
    engine.dispose()


def open_world(where: Path | str) -> World:
    """Open a file, or PostgreSQL at an address."""
    return World(engine=_engine(where))


def _engine(where: Path | str) -> Engine:
    if isinstance(where, str):
        return postgresql_engine(where)
    engine = create_engine(f"sqlite:///{where}")
    event.listen(engine, "connect", _quick)
    return engine


def _quick(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")


def person(
    user_id: str = "ann.alyst",
    *roles: Role,
    level: Level = Level.UNCLASSIFIED,
    areas: tuple[str, ...] = (),
) -> Principal:
    return Principal(
        user_id=user_id,
        name=user_id.title(),
        roles=roles or (Role.ANALYST,),
        level=level,
        areas=areas,
    )


def signed_in(world: World, who: Principal, *, client: TestClient | None = None) -> TestClient:
    """A client with a session and the CSRF header."""
    client = client or TestClient(world.app())
    world.add_user(who)
    response = client.post("/v1/sign-in", json={"user_id": who.user_id, "password": PASSWORD})
    assert response.status_code == 204, response.text
    client.headers["X-CSRF-Token"] = client.get("/v1/me").json()["csrf"]
    return client
