"""What fusing looks at: the reports of a batch among their neighbours. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing.batch.contents import Contents
from processing.batch.intake import Turnover
from processing.batch.rows import ReportRow
from processing.fuse.cells import reach_cells
from processing.fuse.columns import SightingColumns

DayCell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What a batch changes for fusing.

    `changed` are the rows that count from now on and belong to an incident; `lost` the roots that
    belonged to one before, with its id; `superseded` the roots whose stored row counts no more.
    """

    changed: tuple[ReportRow, ...]
    lost: Mapping[str, str]
    superseded: frozenset[str]
    cells: frozenset[DayCell]


def moves(turnovers: Sequence[Turnover], contents: Contents) -> Moves:
    """Return what fusing must look at again, and the (day, cell4) that it surely needs."""
    changed: list[ReportRow] = []
    lost: dict[str, str] = {}
    former: list[ReportRow] = []
    for one in turnovers:
        if contents.of(one.after).is_happening:
            changed.append(one.after)
        if one.before is not None and one.before.incident_id is not None:
            lost[one.after.root_id] = one.before.incident_id
            former.append(one.before)
    return Moves(
        changed=tuple(changed),
        lost=lost,
        superseded=frozenset(one.after.root_id for one in turnovers),
        cells=reach([*changed, *former]),
    )


def reach(rows: Iterable[ReportRow]) -> frozenset[DayCell]:
    """Return the (day, cell4) of every report that could be fused with one of these."""
    # Many reports of a batch share their surroundings: each is looked up once.
    spots = {(row.day, row.cell4, row.radius_m) for row in rows if row.fusible}
    cells_of: dict[int, set[int]] = {}
    for day, cell4, radius_m in spots:
        cells_of.setdefault(day, set()).update(reach_cells(cell4, radius_m or 0))
    return frozenset((day, cell) for day, cells in cells_of.items() for cell in cells)


def sightings(rows: Iterable[ReportRow], contents: Contents) -> SightingColumns:
    """Return rows as columns for fusing, in order of root_id."""
    ordered = sorted(rows, key=lambda row: row.root_id)
    said = [contents.of(row) for row in ordered]
    return SightingColumns(
        root_id=[row.root_id for row in ordered],
        day=np.array([row.day for row in ordered], dtype=np.int64),
        event_class=[row.event_class for row in ordered],
        lon=_floats(row.lon for row in ordered),
        lat=_floats(row.lat for row in ordered),
        radius_m=_floats(row.radius_m for row in ordered),
        cell4=np.array([row.cell4 for row in ordered], dtype=np.int64),
        actors=[content.actors for content in said],
        actor_types=[content.actor_types for content in said],
        exercise=[bool(row.exercise) for row in ordered],
        incident_id=[row.incident_id or "" for row in ordered],
    )


def _floats(values: Iterable[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
