"""What fusing looks at: the reports of a batch among those of their days. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing.batch.contents import Contents
from processing.batch.day_scene import DayScene, sighting
from processing.batch.intake import Turnover
from processing.batch.rows import ReportRow
from processing.fuse.columns import Regrouped, Sighting, SightingColumns, numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What a batch changes for fusing.

    `changed` are the rows that count from now on and belong to an incident, `former` those that
    counted before.
    """

    changed: tuple[ReportRow, ...]
    former: tuple[ReportRow, ...]

    def days(self) -> list[int]:
        """Return the days with reports that any of these could be fused with, in order."""
        return sorted({row.day for row in (*self.changed, *self.former) if row.fusible})

    def lost(self) -> dict[str, int]:
        """Return the incidents that the former rows belonged to, with their days."""
        return {row.incident_id: row.day for row in self.former if row.incident_id is not None}


def moves(turnovers: Sequence[Turnover], contents: Contents) -> Moves:
    """Return what fusing must look at again."""
    return Moves(
        changed=tuple(one.after for one in turnovers if contents.of(one.after).is_happening),
        former=tuple(one.before for one in turnovers if one.before is not None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The reports of some days: those that stand, those that count no more, the changed ones."""

    columns: SightingColumns
    changed: range
    _begins: Mapping[int, int]
    _hidden: frozenset[int]
    _days: Mapping[int, DayScene]

    def standing(self, incident_id: str, day: int) -> list[int]:
        """Return the rows of an incident that did not change."""
        if day not in self._days:
            return []
        begin = self._begins[day]
        places = self._days[day].places_in(incident_id)
        return [begin + place for place in places if begin + place not in self._hidden]


def scene(days: Mapping[int, DayScene], moved: Moves, contents: Contents) -> Scene:
    """Set the changed reports among those of their days."""
    fresh = [sighting(row, contents.of(row)) for row in moved.changed]
    begins: dict[int, int] = {}
    sightings: list[Sighting] = []
    incidents: list[str] = []
    numbers = []
    for number, day in days.items():
        part = day.columns(contents)
        begins[number] = len(sightings)
        sightings += part.sightings
        incidents += part.incident_id
        numbers.append(part.numbers)
    was_in = {row.root_id: row.incident_id for row in moved.former}
    changed = range(len(sightings), len(sightings) + len(fresh))
    hidden = [
        begins[row.day] + days[row.day].place_of(row.root_id) for row in moved.former if row.fusible
    ]
    columns = SightingColumns(
        sightings=sightings + fresh,
        incident_id=incidents + [was_in.get(row.root_id) or "" for row in moved.changed],
        numbers=np.concatenate((*numbers, numbers_of(fresh)), axis=1),
    )
    columns.radius_m[hidden] = math.nan
    return Scene(
        columns=columns, changed=changed, _begins=begins, _hidden=frozenset(hidden), _days=days
    )


def rows_of(
    regrouped: Regrouped, days: Mapping[int, DayScene], moved: Moves
) -> dict[str, ReportRow]:
    """Return the row that counts of each root in a changed group."""
    found = {row.root_id: row for row in moved.changed}
    for incident_id, roots in regrouped.groups.items():
        others = [root for root in roots if root not in found]
        if others:
            held = days[regrouped.days[incident_id]].rows()
            found.update((root, held[root]) for root in others)
    return found
