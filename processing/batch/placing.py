"""From arrivals to located rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from processing.batch.intake import Arrival, is_happening
from processing.batch.rows import ReportRow
from processing.fuse.cells import is_fusible
from processing.locate.columns import LocatedColumns, PlaceColumns
from schemas.access import level_of
from schemas.clock import local_day
from schemas.codes.lists import event_class
from schemas.column_types import to_micros
from schemas.identity import report_id

_NAN = math.nan


def places(arrivals: Sequence[Arrival], zone: ZoneInfo) -> PlaceColumns:
    """Return what the reports say of their place; coordinates only where they may be used."""
    lon: list[float] = []
    lat: list[float] = []
    radius_m: list[float] = []
    for one in arrivals:
        admitted = one.admitted
        usable = admitted.place_usable and admitted.decoded_lat is not None
        lon.append(_NAN if admitted.decoded_lon is None or not usable else admitted.decoded_lon)
        lat.append(_NAN if admitted.decoded_lat is None or not usable else admitted.decoded_lat)
        stated = admitted.decoded_radius_m
        if stated is None:
            stated = admitted.report.location.uncertainty_m
        radius_m.append(_NAN if stated is None else stated)
    locations = [one.admitted.report.location for one in arrivals]
    return PlaceColumns(
        lon=np.array(lon, dtype=np.float64),
        lat=np.array(lat, dtype=np.float64),
        radius_m=np.array(radius_m, dtype=np.float64),
        decoded_from=[one.admitted.decoded_from or "" for one in arrivals],
        pcode=[location.pcode or "" for location in locations],
        place_name=[location.place_name or "" for location in locations],
        day=np.array([day_of(one, zone) for one in arrivals], dtype=np.int64),
    )


def day_of(one: Arrival, zone: ZoneInfo) -> int:
    """Return the mission-local day on which a report's event began."""
    return local_day(one.admitted.report.occurred_start or one.admitted.received_at, zone)


def report_rows(
    arrivals: Sequence[Arrival], days: Sequence[int], located: LocatedColumns
) -> list[ReportRow]:
    """Return the rows of located reports, in order; none is current or in an incident yet."""
    fusible = is_fusible(located.lon, located.lat, located.radius_m).tolist()
    lon, lat = located.lon.tolist(), located.lat.tolist()
    radius_m, cell4 = located.radius_m.tolist(), located.cell4.tolist()
    rows: list[ReportRow] = []
    for i, one in enumerate(arrivals):
        admitted, report = one.admitted, one.admitted.report
        occurred = report.occurred_start or admitted.received_at
        # By position: naming 27 fields would cost more than making the row.
        rows.append(
            ReportRow(
                report_id(occurred, report.root_id, report.revision),
                report.root_id,
                report.revision,
                False,  # noqa: FBT003 - current: decided by the turnover
                admitted.node,
                one.record.position,
                admitted.unit_id,
                admitted.sha256,
                one.received_us,
                to_micros(occurred),
                days[i],
                report.event_type,
                event_class(report.event_type),
                report.record_kind,
                fusible[i] and is_happening(admitted),
                _number(lon[i]),
                _number(lat[i]),
                _number(radius_m[i]),
                located.place_from[i],
                cell4[i],
                located.adm1[i] or None,
                located.adm2[i] or None,
                ",".join(located.adm2_candidates[i]) or None,
                int(level_of(report.sensitivity)),
                report.exercise,
                None,  # incident_id
                one.record.value,
            )
        )
    return rows


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
