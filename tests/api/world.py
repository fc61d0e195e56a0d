"""A small mission in a SQLite file, and the service over it, for the tests of `api`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, select, update
from starlette.testclient import TestClient

from api.accounts import create_user, issue_link
from api.app import create_app
from api.parts import ApiParts
from schemas import tables
from schemas.access import Level, Principal, Role
from schemas.alert import TRANSITIONS, Alert, AlertAction, AlertState, Transition, TransitionKind
from schemas.clock import local_day
from schemas.codec import decode, encode
from schemas.errors import ConflictError, NotFoundError
from schemas.flag import Band, Evidence, Flag
from schemas.identity import alert_id, flag_id, incident_id, report_id
from schemas.incident import Incident, Victims
from schemas.layer import Feature, LayerKind
from schemas.mission import AreaOfInterest, Mission
from schemas.report import AdmittedReport, Report

NOON = datetime(2013, 12, 16, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
BOR, JUBA = "SS0303", "SS0101"
JONGLEI, EQUATORIA = "SS03", "SS01"
MISSION = Mission(
    mission_id="unmiss",
    name="Sample mission",
    time_zone="Africa/Juba",
    area=AreaOfInterest(west=24, south=3, east=36, north=13),
    replay=True,
)
ZONE = MISSION.zone()
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
                raise ConflictError(alert_id)
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

    def parts(self, **changes: Any) -> ApiParts:
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

    def app(self, **changes: Any) -> FastAPI:
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


def open_world(path: Path) -> World:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _quick)
    tables.metadata.create_all(engine)
    return World(engine=engine)


def _quick(connection: Any, _record: Any) -> None:
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


# ---------------------------------------------------------------- rows


def a_report(
    root_id: str, *, revision: int = 1, at: datetime = NOON, **changes: Any
) -> AdmittedReport:
    report = {"root_id": root_id, "revision": revision, "occurred_start": at} | changes
    return AdmittedReport(
        node="door",
        unit_id="patrol-1",
        received_at=at + timedelta(hours=1),
        sha256="0" * 64,
        report=Report.model_validate(report),
    )


def put_report(
    connection: Connection,
    admitted: AdmittedReport,
    *,
    incident: str | None = None,
    level: int = 0,
    current: bool = True,
    adm1: str | None = JONGLEI,
    adm2: str | None = BOR,
) -> str:
    report = admitted.report
    at = report.occurred_start or NOON
    key = report_id(at, report.root_id, report.revision)
    connection.execute(
        insert(tables.reports).values(
            report_id=key,
            root_id=report.root_id,
            revision=report.revision,
            current=current,
            node=admitted.node,
            position=1,
            unit_id=admitted.unit_id,
            sha256=admitted.sha256,
            received_at=admitted.received_at,
            occurred_start=at,
            day=local_day(at, ZONE),
            event_type=report.event_type,
            event_class="OTHER",
            record_kind=report.record_kind,
            fusible=True,
            cell4=0,
            adm1=adm1,
            adm2=adm2,
            level=level,
            exercise=False,
            incident_id=incident,
            body=encode(admitted),
        )
    )
    return key


def an_incident(root_id: str, *, at: datetime = NOON, **changes: Any) -> Incident:
    day = local_day(at, ZONE)
    given: dict[str, Any] = {
        "incident_id": incident_id(day * 86_400_000, root_id),
        "day": day,
        "occurred_start": at,
        "event_type": "AC_CLASH",
        "event_class": "CLASH",
        "lon": 31.5590001,
        "lat": 6.2090001,
        "radius_m": 1_000.0,
        "precision": "P3",
        "adm0": "SS",
        "adm1": JONGLEI,
        "adm2": BOR,
        "actor_class": "STATE",
        "severity": 3,
        "victims": Victims(killed_best=2, civilians_killed_best=1),
        "members": ((root_id, 1),),
    }
    return Incident.model_validate(given | changes)


def put_incident(
    connection: Connection, incident: Incident, *, views: Mapping[int, Incident] | None = None
) -> str:
    lower = None
    if views is not None:
        parts = [f'"{level}":{encode(view).decode()}' for level, view in views.items()]
        lower = ("{" + ",".join(parts) + "}").encode()
    table = tables.incidents
    connection.execute(delete(table).where(table.c.incident_id == incident.incident_id))
    connection.execute(
        insert(table).values(
            incident_id=incident.incident_id,
            revision=incident.revision,
            day=incident.day,
            occurred_start=incident.occurred_start,
            event_type=incident.event_type,
            event_class=incident.event_class,
            actor_class=incident.actor_class,
            actor_key=incident.actor_key,
            severity=incident.severity,
            lon=incident.lon,
            lat=incident.lat,
            radius_m=incident.radius_m,
            cell4=0,
            cell5=0,
            adm1=incident.adm1,
            adm2=incident.adm2,
            min_level=incident.min_level,
            level=incident.level,
            exercise=incident.exercise,
            retracted=incident.retracted,
            updated_at=NOON,
            body=encode(incident),
            views=lower,
        )
    )
    return incident.incident_id


def a_flag(key: str = "R01|bor-poc|STATE", *, at: datetime = NOON, **changes: Any) -> Flag:
    day = local_day(at, ZONE)
    given: dict[str, Any] = {
        "flag_id": flag_id(day * 86_400_000, f"{key}|{day}"),
        "flag_key": f"{key}|{day}",
        "rule_id": key.partition("|")[0],
        "rule_version": 1,
        "params_sha256": "0" * 64,
        "band": Band.HIGH,
        "priority": 4,
        "day": day,
        "place_key": "bor-poc",
        "place_name": "Bor protection site",
        "adm2": BOR,
        "actor_class": "STATE",
        "lon": 31.56,
        "lat": 6.2,
        "occurred_start": at,
        "numbers": {"distance_m": 800.0},
        "evidence": (Evidence(incident_id=an_incident("root-1").incident_id, reports=()),),
        "explanation": "Armed clash 0.8 km from the Bor protection site.",
    }
    return Flag.model_validate(given | changes)


def put_flag(connection: Connection, flag: Flag, *, alert: str | None = None) -> str:
    connection.execute(
        insert(tables.flags).values(
            flag_id=flag.flag_id,
            flag_key=flag.flag_key,
            revision=flag.revision,
            rule_id=flag.rule_id,
            state=flag.state.value,
            band=int(flag.band),
            priority=flag.priority,
            retrospective=flag.retrospective,
            shadow=flag.shadow,
            day=flag.day,
            place_key=flag.place_key,
            actor_class=flag.actor_class,
            adm2=flag.adm2,
            lon=flag.lon,
            lat=flag.lat,
            level=flag.level,
            updated_at=NOON,
            alert_id=alert,
            body=encode(flag),
        )
    )
    return flag.flag_id


def an_alert(number: int = 87, *, at: datetime = NOON, **changes: Any) -> Alert:
    day = local_day(at, ZONE)
    place = str(changes.get("place_key", BOR))
    given: dict[str, Any] = {
        "alert_id": alert_id(day * 86_400_000, place, f"STATE-{number}"),
        "number": number,
        "seq": 1,
        "place_key": place,
        "place_name": "Bor South",
        "actor_class": "STATE",
        "day": day,
        "state": AlertState.RAISED,
        "priority": 4,
        "band": Band.HIGH,
        "headline": "Violence near the Bor protection site",
        "flag_ids": (),
        "kinds": ("R01",),
        "lon": 31.56,
        "lat": 6.2,
        "raised_at": at,
        "updated_at": at,
    }
    return Alert.model_validate(given | changes)


def put_alert(connection: Connection, alert: Alert) -> str:
    table = tables.alerts
    connection.execute(delete(table).where(table.c.alert_id == alert.alert_id))
    connection.execute(
        insert(table).values(
            alert_id=alert.alert_id,
            number=alert.number,
            seq=alert.seq,
            place_key=alert.place_key,
            actor_class=alert.actor_class,
            day=alert.day,
            state=alert.state.value,
            priority=alert.priority,
            lon=alert.lon,
            lat=alert.lat,
            level=alert.level,
            retrospective=alert.retrospective,
            updated_at=alert.updated_at,
            body=encode(alert),
        )
    )
    return alert.alert_id


def put_transition(connection: Connection, step: Transition) -> None:
    connection.execute(
        insert(tables.alert_transitions).values(
            alert_id=step.alert_id,
            seq=step.seq,
            kind=step.kind.value,
            at=step.at,
            body=encode(step),
        )
    )


def put_change(connection: Connection, entity: str, entity_id: str, *, revision: int = 1) -> None:
    connection.execute(
        insert(tables.changes).values(
            entity=entity, entity_id=entity_id, revision=revision, at=NOON
        )
    )


def put_layer(
    connection: Connection, kind: LayerKind, *features: Feature, sha256: str = "1"
) -> None:
    for table in (tables.layers, tables.layer_features):
        connection.execute(delete(table).where(table.c.layer == kind.value))
    connection.execute(
        insert(tables.layers).values(
            layer=kind.value,
            version=1,
            sha256=sha256,
            source="test",
            features=len(features),
            loaded_at=NOON,
        )
    )
    for each in features:
        connection.execute(
            insert(tables.layer_features).values(
                layer=kind.value, feature_id=each.feature_id, body=encode(each)
            )
        )


def county(feature_id: str, name: str, parent_id: str) -> Feature:
    return Feature(
        feature_id=feature_id,
        layer=LayerKind.ADM2,
        kind="COUNTY",
        name=name,
        parent_id=parent_id,
        lon=31.5,
        lat=6.2,
    )


def put_counties(connection: Connection) -> None:
    put_layer(
        connection,
        LayerKind.ADM2,
        county(BOR, "Bor South", JONGLEI),
        county(JUBA, "Juba", EQUATORIA),
    )
