"""The activity cube of the counties that rules looked at last, kept in memory by the one writer.

As `incident_cache`: what is kept is what the database holds. It is filled from it, follows each
write, and is forgotten when a transaction fails or somebody else has written in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from processing.batch.rows import CubeRow
from processing.rules.window import CubeColumns, CubeWindow, IntArray

# Sums of 8 bytes.
MOST_SUMS = 8_000_000

# What is read before the first day that is asked for, so that late reports find it there.
_MARGIN_DAYS = 91
# Room for days to come, and for classes that were not seen yet.
_SPARE_DAYS = 64
_SPARE_CLASSES = 4
_MEASURES = 2

_EMPTY = np.zeros((0, 0, 0), dtype=np.int64)
NO_CUBE = CubeColumns(event_class=(), adm2=(), day_from=0, incidents=_EMPTY, civilian_deaths=_EMPTY)

# (adm2, day, event_class, incidents, civilian deaths)
Sums = tuple[str, int, str, int, int]


@dataclass(slots=True)
class _County:
    """What is stored of a county from a day on, of the shape (measures, classes, days)."""

    since: int
    until: int
    sums: IntArray


class CubeCache:
    """Sums a county, event class and day. For one thread."""

    def __init__(self, most_sums: int = MOST_SUMS) -> None:
        self._most_sums = most_sums
        self._counties: dict[str, _County] = {}
        self._classes: dict[str, int] = {}
        self._size = 0

    def shrink(self) -> None:
        """Forget everything when it is too much."""
        if self._size > self._most_sums:
            self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._counties.clear()
        self._classes.clear()
        self._size = 0

    def missing(self, windows: Iterable[CubeWindow]) -> list[tuple[str, int]]:
        """Return (county, first day) of what must be read first, up to the last day there is."""
        asked: dict[str, int] = {}
        for window in windows:
            for code in window.adm2:
                known = self._counties.get(code)
                if known is None or window.day_from < known.since:
                    asked[code] = min(asked.get(code, window.day_from), window.day_from)
        return [(code, asked[code] - _MARGIN_DAYS) for code in sorted(asked)]

    def fill(self, counties: Iterable[tuple[str, int]], rows: Iterable[Sums]) -> None:
        """Take in all rows of some counties from a day on."""
        for code, since in counties:
            former = self._counties.get(code)
            self._size -= 0 if former is None else former.sums.size
            sums = np.zeros((_MEASURES, 0, 0), dtype=np.int64)
            self._counties[code] = _County(since, since, sums)
        for row in rows:
            self._add(self._counties[row[0]], *row[1:])

    def add(self, rows: Iterable[CubeRow]) -> None:
        """Follow what is added to the cube."""
        for row in rows:
            county = self._counties.get(row.adm2)
            if county is not None and row.day >= county.since:
                self._add(county, row.day, row.event_class, row.incidents, row.civilian_deaths)

    def of_windows(self, windows: Sequence[CubeWindow]) -> CubeColumns:
        """Return what is kept for some windows: all counties from the first day to the last."""
        if not windows:
            return NO_CUBE
        counties = sorted(frozenset().union(*(window.adm2 for window in windows)))
        kept = [self._counties[code] for code in counties]
        classes = [name for name in _wanted(windows, self._classes) if name in self._classes]
        first = min(window.day_from for window in windows)
        last = max(window.day_to for window in windows)
        until = max(first, min(last + 1, max(one.until for one in kept)))
        found = np.zeros((_MEASURES, len(classes), len(counties), until - first), dtype=np.int64)
        numbers = np.array([self._classes[name] for name in classes], dtype=np.int64)
        for at, one in enumerate(kept):
            day_from, day_to = max(first, one.since), min(until, one.until)
            known = numbers[: int(np.searchsorted(numbers, one.sums.shape[1]))]
            if day_from < day_to and len(known):
                part = one.sums[:, known, day_from - one.since : day_to - one.since]
                found[:, : len(known), at, day_from - first : day_to - first] = part
        return CubeColumns(
            event_class=classes,
            adm2=counties,
            day_from=first,
            incidents=found[0],
            civilian_deaths=found[1],
        )

    def _add(self, county: _County, day: int, name: str, incidents: int, deaths: int) -> None:
        number = self._classes.setdefault(name, len(self._classes))
        at = day - county.since
        if number >= county.sums.shape[1] or at >= county.sums.shape[2]:
            self._make_room(county, number, at)
        county.until = max(county.until, day + 1)
        county.sums[0, number, at] += incidents
        county.sums[1, number, at] += deaths

    def _make_room(self, county: _County, number: int, at: int) -> None:
        _, classes, days = county.sums.shape
        if number >= classes:
            classes = number + _SPARE_CLASSES
        if at >= days:
            days = at + _SPARE_DAYS
        wider = np.zeros((_MEASURES, classes, days), dtype=np.int64)
        wider[:, : county.sums.shape[1], : county.sums.shape[2]] = county.sums
        self._size += wider.size - county.sums.size
        county.sums = wider


def _wanted(windows: Sequence[CubeWindow], every: Collection[str]) -> Collection[str]:
    """Return the classes that are enough, in the order in which they are kept."""
    classes = [window.event_classes for window in windows]
    if not all(classes):
        return every
    only = frozenset().union(*classes)
    return [name for name in every if name in only]
