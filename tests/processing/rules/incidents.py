"""Incidents as tests write them, and as columns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from processing.rules.window import CubeColumns, IncidentColumns
from schemas.clock import to_micros
from schemas.codec import encode
from schemas.codes.lists import event_class
from schemas.incident import Incident, Victims
from tests.processing.rules.small_layers import BOXES, DAY_0

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PARENTS = {"SS0101": "SS01", "SS0102": "SS01", "SS0201": "SS02"}


def incident(
    name: str = "a",
    *,
    day: int = 15,
    hour: float = 12.0,
    at: tuple[float, float] | None = (30.5, 8.5),
    radius_m: float = 100.0,
    event_type: str = "VC_KILLING",
    actor: str = "",
    actor_class: str = "ARMED_GROUP",
    victims: Victims = Victims(),  # noqa: B008 - frozen
    **more: Any,  # noqa: ANN401 - any field of an incident
) -> Incident:
    """Day 15 is 16 December 2013. The county follows from the point where the circle is small."""
    adm2 = county_of(at) if at and radius_m <= 10_000 else None
    severity = 4 if victims.killed_best >= 5 else 3
    fields: dict[str, Any] = {
        "severity": 5 if victims.killed_best >= 25 else severity,
        "weight_milli": 700,
        "members": ((f"root-{name}", 1),),
        "adm2": adm2,
        "adm1": PARENTS[adm2] if adm2 else None,
    }
    return Incident(
        incident_id=f"incident-{name}",
        day=DAY_0 + day,
        occurred_start=EPOCH + timedelta(days=DAY_0 + day, hours=hour),
        event_type=event_type,
        event_class=event_class(event_type),
        lon=at[0] if at else None,
        lat=at[1] if at else None,
        radius_m=radius_m if at else None,
        actor_key=actor,
        actor_class=actor_class,
        victims=victims,
        **{**fields, **more},
    )


def county_of(at: tuple[float, float]) -> str | None:
    lon, lat = at
    inside = (
        code
        for code, (west, south, east, north) in BOXES.items()
        if west <= lon < east and south <= lat < north
    )
    return next(inside, None)


def columns(incidents: Iterable[Incident]) -> IncidentColumns:
    rows = sorted(incidents, key=lambda one: (one.day, one.incident_id))
    return IncidentColumns(
        incident_id=[one.incident_id for one in rows],
        day=_ints(one.day for one in rows),
        occurred_us=_ints(to_micros(one.occurred_start) for one in rows),
        event_type=[one.event_type for one in rows],
        event_class=[one.event_class for one in rows],
        actor_class=[one.actor_class for one in rows],
        actor_key=[one.actor_key for one in rows],
        severity=_ints(one.severity for one in rows),
        lon=_floats(one.lon for one in rows),
        lat=_floats(one.lat for one in rows),
        radius_m=_floats(one.radius_m for one in rows),
        adm1=[one.adm1 or "" for one in rows],
        adm2=[one.adm2 or "" for one in rows],
        level=_ints(one.level for one in rows),
        body=[encode(one) for one in rows],
    )


def cube(incidents: Iterable[Incident]) -> CubeColumns:
    counted = list(incidents)
    counties = sorted({one.adm2 or "" for one in counted})
    classes = sorted({one.event_class for one in counted})
    first = min((one.day for one in counted), default=0)
    last = max((one.day for one in counted), default=-1)
    sums = np.zeros((2, len(classes), len(counties), last - first + 1), dtype=np.int64)
    for one in counted:
        at = classes.index(one.event_class), counties.index(one.adm2 or ""), one.day - first
        sums[(0, *at)] += 1
        sums[(1, *at)] += one.victims.civilians_killed_best
    return CubeColumns(
        event_class=classes,
        adm2=counties,
        day_from=first,
        incidents=sums[0],
        civilian_deaths=sums[1],
    )


def _ints(values: Iterable[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(list(values), dtype=np.int64)


def _floats(values: Iterable[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
