"""Rows of the small mission."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert

from schemas import tables
from schemas.alert import Alert, AlertState, Transition
from schemas.clock import local_day
from schemas.codec import encode
from schemas.flag import Band, Evidence, Flag
from schemas.identity import alert_id, flag_id, incident_id, report_id
from schemas.incident import Incident, Victims
from schemas.layer import Feature, LayerKind
from schemas.mission import AreaOfInterest, Mission
from schemas.report import AdmittedReport, Report

NOON = datetime(2013, 12, 16, 12, tzinfo=UTC)
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


def a_report(
    root_id: str, *, revision: int = 1, at: datetime = NOON, **changes: object
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


def an_incident(root_id: str, *, at: datetime = NOON, **changes: object) -> Incident:
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


def a_flag(key: str = "R01|bor-poc|STATE", *, at: datetime = NOON, **changes: object) -> Flag:
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


def an_alert(number: int = 87, *, at: datetime = NOON, **changes: object) -> Alert:
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
