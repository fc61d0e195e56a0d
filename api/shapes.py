"""What answers look like: messages turned into JSON for people's clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from api.geojson import feature, iso, point, rounded
from api.repository.alerts import Told
from api.repository.incidents import MemberReport
from schemas.alert import Alert
from schemas.codes.lists import code_list
from schemas.flag import Flag
from schemas.incident import Incident
from schemas.layer import Feature

Json = Any


def event_label(event_type: str) -> str:
    """Return the English name of an event type."""
    return code_list("event_type").get(event_type).label_en


def incident_summary(incident: Incident, counties: Mapping[str, str]) -> bytes:
    """Return the Feature of an incident with what a map and a list show."""
    properties = {
        "event_type": incident.event_type,
        "event_class": incident.event_class,
        "label": event_label(incident.event_type),
        "occurred_start": iso(incident.occurred_start),
        "day": incident.day,
        "severity": incident.severity,
        "radius_m": incident.radius_m,
        "precision": incident.precision,
        "adm1": incident.adm1,
        "adm2": incident.adm2,
        "adm2_name": counties.get(incident.adm2 or ""),
        "actor_class": incident.actor_class,
        "n_reports": incident.n_reports,
        "n_independent": incident.n_independent,
        "killed_best": incident.victims.killed_best,
        "civilians_killed_best": incident.victims.civilians_killed_best,
        "revision": incident.revision,
        "exercise": incident.exercise,
        "illustrative": incident.illustrative,
        "retracted": incident.retracted,
    }
    return feature(incident.incident_id, point(incident.lon, incident.lat), properties)


def incident_whole(
    incident: Incident, counties: Mapping[str, str], members: Sequence[MemberReport]
) -> bytes:
    """Return the Feature of an incident with everything, and the reports behind it."""
    properties = incident.model_dump(mode="json")
    properties["label"] = event_label(incident.event_type)
    properties["adm2_name"] = counties.get(incident.adm2 or "")
    properties["killed_best"] = incident.victims.killed_best
    properties["civilians_killed_best"] = incident.victims.civilians_killed_best
    properties["members"] = [member(each) for each in members]
    return feature(incident.incident_id, point(incident.lon, incident.lat), properties)


def member(found: MemberReport) -> Json:
    """Return a report as part of an incident. Who the source is stays out; its grade does not."""
    admitted, report = found.admitted, found.admitted.report
    return {
        "report_id": found.report_id,
        "root_id": report.root_id,
        "revision": report.revision,
        "unit_id": admitted.unit_id,
        "received_at": iso(admitted.received_at),
        "occurred_start": None if report.occurred_start is None else iso(report.occurred_start),
        "event_type": found.event_type,
        "source": {
            "type": report.source.type,
            "reliability": report.source.reliability,
            "credibility": report.source.credibility,
        },
        "text": report.text,
        "illustrative": report.illustrative,
        "derived_from": report.derived_from,
        "warnings": [each.model_dump(mode="json") for each in admitted.warnings],
    }


def flag_summary(flag: Flag) -> bytes:
    """Return the Feature of a flag without its evidence."""
    properties = flag.model_dump(mode="json", exclude={"evidence"})
    return feature(flag.flag_id, point(flag.lon, flag.lat), properties)


def flag_whole(flag: Flag) -> bytes:
    """Return the Feature of a flag with its evidence."""
    return feature(flag.flag_id, point(flag.lon, flag.lat), flag.model_dump(mode="json"))


def alert_summary(alert: Alert) -> bytes:
    """Return the Feature of an alert."""
    return feature(alert.alert_id, point(alert.lon, alert.lat), alert.model_dump(mode="json"))


def layer_feature(found: Feature) -> bytes:
    """Return the Feature of a layer, without what is open or says its place again."""
    shape = point(found.lon, found.lat) if found.geometry is None else rounded(found.geometry)
    known = found.model_dump(
        mode="json", exclude={"feature_id", "geometry", "properties"}, exclude_none=True
    )
    return feature(found.feature_id, shape, {**found.properties, **known})


def told(found: Told) -> Json:
    """Return how one delivery stands."""
    return asdict(found) | {
        "created_at": iso(found.created_at),
        "delivered_at": None if found.delivered_at is None else iso(found.delivered_at),
    }
