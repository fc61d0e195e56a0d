"""From arrivals to located rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from processing.batch.account import Account
from processing.batch.intake import Arrival
from processing.batch.rows import ReportRow
from processing.fuse.cells import is_fusible
from processing.locate.columns import LocatedColumns, PlaceColumns
from schemas.clock import from_micros, local_day


def places(accounts: Sequence[Account], zone: ZoneInfo) -> PlaceColumns:
    """Return what reports say of their place, and the mission-local day on which it began."""
    return PlaceColumns(
        lon=np.array([one.lon for one in accounts], dtype=np.float64),
        lat=np.array([one.lat for one in accounts], dtype=np.float64),
        radius_m=np.array([one.radius_m for one in accounts], dtype=np.float64),
        decoded_from=[one.decoded_from for one in accounts],
        pcode=[one.pcode for one in accounts],
        place_name=[one.place_name for one in accounts],
        day=np.array(
            [local_day(from_micros(one.started_us), zone) for one in accounts], dtype=np.int64
        ),
    )


def report_rows(
    arrivals: Sequence[Arrival], days: Sequence[int], located: LocatedColumns
) -> list[ReportRow]:
    """Return the rows of located reports, in order; none is current or in an incident yet."""
    fusible = is_fusible(located.lon, located.lat, located.radius_m).tolist()
    lon, lat = located.lon.tolist(), located.lat.tolist()
    radius_m, cell4 = located.radius_m.tolist(), located.cell4.tolist()
    rows: list[ReportRow] = []
    for i, (record, account) in enumerate(arrivals):
        said = account.said
        # By position: naming 27 fields would cost more than making the row.
        rows.append(
            ReportRow(
                account.report_id,
                said.root_id,
                said.revision,
                False,  # noqa: FBT003 - current: decided by the turnover
                account.node,
                record.position,
                account.unit_id,
                account.sha256,
                account.received_us,
                account.started_us,
                days[i],
                said.event_type,
                said.event_class,
                account.record_kind,
                fusible[i] and said.is_happening,
                _number(lon[i]),
                _number(lat[i]),
                _number(radius_m[i]),
                located.place_from[i],
                cell4[i],
                located.adm1[i] or None,
                located.adm2[i] or None,
                ",".join(located.adm2_candidates[i]) or None,
                said.level,
                said.exercise,
                None,  # incident_id
                record.value,
            )
        )
    return rows


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
