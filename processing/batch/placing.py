"""From arrivals to located rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import compress
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from processing.batch.account import Account, Placed
from processing.batch.intake import Arrival
from processing.batch.rows import ReportRow
from processing.fuse.cells import is_fusible
from processing.fuse.composed import kept
from processing.fuse.summary import Place
from processing.locate.columns import FloatArray, LocatedColumns, PlaceColumns
from processing.locate.locate import Locator
from schemas.clock import from_micros, local_day


def placed_rows(arrivals: Sequence[Arrival], zone: ZoneInfo, locator: Locator) -> list[ReportRow]:
    """Return the rows of arrivals, in order; none is current or in an incident yet.

    A report that was read ahead is where it was found to be then, if that was with these layers.
    """
    known = [_known(one.message.placed, locator) for one in arrivals]
    if None not in known:
        return [one.row for one in known if one is not None]
    here = [one for one, placed in zip(arrivals, known, strict=True) if placed is None]
    asked = places([one.message for one in here], zone)
    rows = iter(report_rows(here, asked.day.tolist(), locator.locate(asked)))
    return [next(rows) if placed is None else placed.row for placed in known]


def known_near(arrivals: Iterable[Arrival], locator: Locator) -> dict[str, bytes]:
    """Return what lies near reports that were read ahead with these layers, by report_id.

    The arrivals have one revision of a root once.
    """
    every = [_known(one.message.placed, locator) for one in arrivals]
    return {one.row.report_id: one.near for one in every if one is not None}


def _known(placed: Placed | None, locator: Locator) -> Placed | None:
    return placed if placed is not None and placed.layers == locator.layers.version else None


def place(arrivals: Sequence[Arrival], zone: ZoneInfo, locator: Locator) -> list[Placed]:
    """Return where reports are, for a worker that stores them later."""
    rows = placed_rows(arrivals, zone, locator)
    happened = [one.message.said.is_happening for one in arrivals]
    # In order, not by report_id: two that contradict each other have the same.
    near = iter(near_places(list(compress(rows, happened)), locator))
    layers = locator.layers.version
    return [
        Placed(layers, row, next(near) if has_happened else b"")
        for row, has_happened in zip(rows, happened, strict=True)
    ]


def near_places(placed: Sequence[Place], locator: Locator) -> list[bytes]:
    """Return what lies near some places as the JSON of a list, b"" for nothing."""
    found = locator.nearby(
        _floats([one.lon for one in placed]),
        _floats([one.lat for one in placed]),
        np.array([one.day for one in placed], dtype=np.int64),
        _floats([one.radius_m for one in placed]),
    )
    return [kept(orjson.dumps(near)) if near else b"" for near in found]


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
                record.position if record.origin is None else record.origin.sequence,
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


def _floats(values: Sequence[float | None]) -> FloatArray:
    # None becomes NaN.
    return np.array(values, dtype=np.float64)
