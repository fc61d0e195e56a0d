"""The live incidents of the cells that rules looked at last, kept in memory by the one writer.

Rules look back half a year around every incident that a batch touches; reading that anew from the
database for each batch would cost more with every incident that is stored. What is kept here is
what the database holds: it is filled from it, follows each write, and is forgotten when a
transaction fails or somebody else has written incidents in between.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from processing.batch.rows import IncidentRow

# A cached row is some 500 bytes.
MOST_ROWS = 200_000


class LiveRow(NamedTuple):
    """What rules read of a live incident, in the order of (day, incident_id)."""

    day: int
    incident_id: str
    occurred_start: int
    event_type: str
    event_class: str
    actor_class: str
    actor_key: str
    severity: int
    lon: float | None
    lat: float | None
    radius_m: float | None
    adm1: str | None
    adm2: str | None
    level: int


class Filter(NamedTuple):
    """Which incidents are enough: of some classes, of some actors, or of any named one.

    No classes are all classes, and no actors all actors.
    """

    event_classes: frozenset[str]
    actor_keys: frozenset[str]
    named_only: bool


class IncidentCache:
    """Live incidents by cell and event class, sorted by day and id. For one thread."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._cells: dict[int, dict[str, list[LiveRow]]] = {}
        self._where: dict[str, tuple[int, LiveRow]] = {}
        self._seen_change = -1

    def agree(self, last_change: int, *, is_foreign: bool) -> None:
        """Forget everything unless all incidents written since the last time were our own."""
        if is_foreign or len(self._where) > self._most_rows:
            self.clear()
        self._seen_change = last_change

    @property
    def seen_change(self) -> int:
        """The last line of the changes feed that what is kept agrees with; -1 for none."""
        return self._seen_change

    def clear(self) -> None:
        """Forget everything."""
        self._cells.clear()
        self._where.clear()
        self._seen_change = -1

    def missing(self, cells: Iterable[int]) -> list[int]:
        """Return the cells that must be read first."""
        return sorted({cell for cell in cells if cell not in self._cells})

    def fill(self, cells: Iterable[int], rows: Iterable[tuple[int, LiveRow]]) -> None:
        """Take in all live incidents of some cells, as (cell, row)."""
        for cell in cells:
            self._cells[cell] = {}
        for cell, row in sorted(rows):
            self._cells[cell].setdefault(row.event_class, []).append(row)
            self._where[row.incident_id] = (cell, row)

    def put(self, rows: Iterable[IncidentRow]) -> None:
        """Follow a write of incidents."""
        for row in rows:
            self._remove(row.incident_id)
            if row.cell4 in self._cells and not row.retracted and not row.exercise:
                live = live_row(row)
                insort(self._cells[row.cell4].setdefault(row.event_class, []), live)
                self._where[row.incident_id] = (row.cell4, live)

    def drop(self, incident_ids: Iterable[str]) -> None:
        """Follow the removal of incidents."""
        for incident_id in incident_ids:
            self._remove(incident_id)

    def select(self, spans: Sequence[tuple[int, int, int]], wanted: Filter) -> list[LiveRow]:
        """Return the rows in some (cell, first day, last day) that pass a filter."""
        found: list[LiveRow] = []
        for cell, first, last in spans:
            for rows in _lists(self._cells[cell], wanted.event_classes):
                # A tuple of a day alone sorts before every row of that day.
                found += rows[bisect_left(rows, (first,)) : bisect_left(rows, (last + 1,))]
        if wanted.named_only:
            found = [row for row in found if row.actor_key]
        if wanted.actor_keys:
            found = [row for row in found if row.actor_key in wanted.actor_keys]
        return found

    def _remove(self, incident_id: str) -> None:
        known = self._where.pop(incident_id, None)
        if known is None:
            return
        cell, row = known
        rows = self._cells[cell][row.event_class]
        del rows[bisect_left(rows, row)]


def live_row(row: IncidentRow) -> LiveRow:
    """Return what rules read of an incident."""
    return LiveRow(
        row.day,
        row.incident_id,
        row.occurred_start,
        row.event_type,
        row.event_class,
        row.actor_class,
        row.actor_key,
        row.severity,
        row.lon,
        row.lat,
        row.radius_m,
        row.adm1,
        row.adm2,
        row.level,
    )


def _lists(
    by_class: dict[str, list[LiveRow]], event_classes: Collection[str]
) -> Iterator[list[LiveRow]]:
    if not event_classes:
        yield from by_class.values()
    for event_class in event_classes:
        rows = by_class.get(event_class)
        if rows:
            yield rows
