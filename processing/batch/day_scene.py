"""The reports of one day as fusing compares them, kept from batch to batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from processing.batch.contents import Contents
from processing.batch.rows import ReportRow
from processing.fuse.columns import Sighting, SightingColumns, numbers_of
from processing.fuse.said import Said

_NONE = numbers_of([])


class DayScene:
    """The current, fusible reports of one day, as rows and as the columns that fusing reads.

    It follows the writes that it is told of; the columns catch up when they are asked for.
    """

    def __init__(self) -> None:
        self._rows: dict[str, ReportRow] = {}
        self._members: dict[str, set[str]] = {}
        self._unread: dict[str, ReportRow] = {}
        self._at: dict[str, int] = {}
        self._sightings: list[Sighting] = []
        self._incidents: list[str] = []
        self._numbers = _NONE

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> Mapping[str, ReportRow]:
        """Return the rows by root_id, as they are until the next write."""
        return self._rows

    def unread(self) -> list[ReportRow]:
        """Return the rows whose contents the columns will ask for next."""
        return list(self._unread.values())

    def place_of(self, root_id: str) -> int:
        """Return the place of a report in the columns that were asked for last."""
        return self._at[root_id]

    def places_in(self, incident_id: str) -> list[int]:
        """Return the places of an incident's reports in the columns that were asked for last."""
        return [self._at[root_id] for root_id in self._members.get(incident_id, ())]

    def put(self, row: ReportRow) -> None:
        """Take in a report, or its new incident. What counted before of its root is dropped."""
        known = self._rows.get(row.root_id)
        if known is not None:
            self._leave(known)
        self._rows[row.root_id] = row
        self._members.setdefault(row.incident_id or "", set()).add(row.root_id)
        place = self._at.get(row.root_id)
        if place is None:
            self._unread[row.root_id] = row
        else:
            self._incidents[place] = row.incident_id or ""

    def drop(self, root_id: str) -> None:
        """Let go of a report; the last one takes its place."""
        self._leave(self._rows.pop(root_id))
        if self._unread.pop(root_id, None) is not None:
            return
        place = self._at.pop(root_id)
        last, incident = self._sightings.pop(), self._incidents.pop()
        if place < len(self._sightings):
            self._at[last.root_id] = place
            self._sightings[place], self._incidents[place] = last, incident
            self._numbers[:, place] = self._numbers[:, -1]
        self._numbers = self._numbers[:, :-1]

    def _leave(self, row: ReportRow) -> None:
        incident = row.incident_id or ""
        self._members[incident].discard(row.root_id)
        if not self._members[incident]:
            del self._members[incident]

    def columns(self, contents: Contents) -> SightingColumns:
        """Return the columns, as they are until the next write."""
        if self._unread:
            self._read(list(self._unread.values()), contents)
            self._unread = {}
        return SightingColumns(
            sightings=self._sightings, incident_id=self._incidents, numbers=self._numbers
        )

    def _read(self, rows: Sequence[ReportRow], contents: Contents) -> None:
        fresh = [sighting(row, contents.of(row)) for row in rows]
        for place, row in enumerate(rows, len(self._sightings)):
            self._at[row.root_id] = place
        self._sightings += fresh
        self._incidents += [row.incident_id or "" for row in rows]
        self._numbers = np.concatenate((self._numbers, numbers_of(fresh)), axis=1)


def sighting(row: ReportRow, said: Said) -> Sighting:
    """Return a report as fusing compares it."""
    # By position: each report of a batch, and of a day that is read.
    return Sighting(
        row.root_id,
        row.day,
        row.event_class,
        math.nan if row.lon is None else row.lon,
        math.nan if row.lat is None else row.lat,
        math.nan if row.radius_m is None else row.radius_m,
        said.actors,
        said.actor_types,
        row.exercise,
    )
