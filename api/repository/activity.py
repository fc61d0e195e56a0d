"""The activity cube in the database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import h3
from sqlalchemy import Connection

from api.queries import activity as queries
from api.queries.activity import ActivityFilter
from schemas.access import Principal
from schemas.geometry import Position

_UNSIGNED = (1 << 64) - 1
# A country is a few thousand cells at resolution 5.
_CELLS_KEPT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class CellActivity:
    """What happened in one cell; `center` is the cell's centre. Weight in thousandths."""

    cell: str
    center: Position
    n_incidents: int
    deaths: int
    weight_milli: int


def activity_by_cell(
    connection: Connection, principal: Principal, wanted: ActivityFilter
) -> list[CellActivity]:
    """Return the sums of each cell that has any; unplaced incidents have no cell."""
    rows = connection.execute(queries.by_cell(principal, wanted))
    return [
        CellActivity(
            cell=h3.int_to_str(row.cell5 & _UNSIGNED),
            center=_center(row.cell5),
            n_incidents=int(row.n_incidents),
            deaths=int(row.deaths),
            weight_milli=int(row.weight_milli),
        )
        for row in rows
        if row.cell5 != 0
    ]


@lru_cache(maxsize=_CELLS_KEPT)
def _center(cell5: int) -> Position:
    lat, lon = h3.cell_to_latlng(h3.int_to_str(cell5 & _UNSIGNED))
    return Position(lon=lon, lat=lat)
