"""Rows as the store takes and gives them.

They are named tuples, not dataclasses: the driver's executemany takes them as they are, which is a
third of the cost of a report. Fields follow the columns of `schemas.tables` in order (a test
holds this); times are microseconds since 1970.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class ReportRow(NamedTuple):
    """One revision of a report with where it was located (`reports`)."""

    report_id: str
    root_id: str
    revision: int
    current: bool
    node: str
    position: int
    unit_id: str
    sha256: str
    received_at: int
    occurred_start: int
    day: int
    event_type: str
    event_class: str
    record_kind: str
    fusible: bool
    lon: float | None
    lat: float | None
    radius_m: float | None
    place_from: str | None
    cell4: int
    adm1: str | None
    adm2: str | None
    adm2_candidates: str | None
    level: int
    exercise: bool
    incident_id: str | None
    body: bytes


_CURRENT = ReportRow._fields.index("current")
_INCIDENT = ReportRow._fields.index("incident_id")


def counting(row: ReportRow, incident_id: str | None) -> ReportRow:
    """Return a row as the one that counts of its root, in an incident or in none."""
    # `_replace` costs as much as making the row did.
    values: list[Any] = list(row)
    values[_CURRENT], values[_INCIDENT] = True, incident_id
    return ReportRow._make(values)


def without_body(row: ReportRow) -> ReportRow:
    """Return a row without its body, which is by far the most of it."""
    return ReportRow._make((*row[:-1], b""))


class DeadLetterRow(NamedTuple):
    """A record that could not be processed, or lost a conflict (`dead_letters`)."""

    partition: str
    position: int
    reason: str
    at: int
    value: bytes
    root_id: str | None
    revision: int | None


class IncidentRow(NamedTuple):
    """One current incident (`incidents`)."""

    incident_id: str
    revision: int
    day: int
    occurred_start: int
    event_type: str
    event_class: str
    actor_class: str
    actor_key: str
    severity: int
    lon: float | None
    lat: float | None
    radius_m: float | None
    cell4: int
    cell5: int
    adm1: str | None
    adm2: str | None
    min_level: int
    level: int
    exercise: bool
    retracted: bool
    updated_at: int
    body: bytes
    views: bytes | None


class RedirectRow(NamedTuple):
    """An id that exists no more and the one that it points on to (`redirects`)."""

    old_id: str
    new_id: str | None
    entity: str
    at: int


class HistoryRow(NamedTuple):
    """A superseded revision (`history`)."""

    entity: str
    entity_id: str
    revision: int
    superseded_at: int
    body: bytes


class CubeRow(NamedTuple):
    """What one batch adds to one row of the activity cube (`cube`)."""

    adm2: str
    day: int
    cell5: int
    event_class: str
    actor_class: str
    level: int
    incidents: int
    deaths: int
    civilian_deaths: int
    weight_milli: int


class FlagRow(NamedTuple):
    """One flag (`flags`)."""

    flag_id: str
    flag_key: str
    revision: int
    rule_id: str
    state: str
    band: int
    priority: int
    retrospective: bool
    shadow: bool
    day: int
    place_key: str
    actor_class: str
    adm2: str | None
    lon: float | None
    lat: float | None
    level: int
    updated_at: int
    alert_id: str | None
    body: bytes


class AlertRow(NamedTuple):
    """One alert as it stands (`alerts`)."""

    alert_id: str
    number: int
    seq: int
    place_key: str
    actor_class: str
    day: int
    state: str
    priority: int
    lon: float | None
    lat: float | None
    level: int
    retrospective: bool
    updated_at: int
    body: bytes


class TransitionRow(NamedTuple):
    """One step of an alert (`alert_transitions`)."""

    alert_id: str
    seq: int
    kind: str
    at: int
    body: bytes


class DeliveryRow(NamedTuple):
    """One endpoint to be told of one transition (`deliveries`)."""

    endpoint_id: str
    alert_id: str
    seq: int
    state: str
    priority: int
    attempts: int
    next_attempt_at: float
    last_status: int | None
    last_error: str | None
    created_at: int
    delivered_at: int | None
    payload: bytes


class ChangeRow(NamedTuple):
    """One line of the changes feed (`changes`, whose `seq` the database gives)."""

    entity: str
    entity_id: str
    revision: int
    at: int
