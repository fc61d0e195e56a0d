"""Counts a day of some counties as one array, from rows of the activity cube."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.rules.window import CubeColumns, IntArray
from schemas.rule import TempoEscalation, TempoSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """Rows of the cube for some counties and days, with their position in an array of counts."""

    classes: tuple[str, ...]
    class_at: IntArray
    incidents: IntArray
    civilian_deaths: IntArray
    at: IntArray
    shape: tuple[int, int]


def select(cube: CubeColumns, counties: Sequence[str], *, day_from: int, day_to: int) -> Cube:
    """Choose the rows of some counties from one day to another, both included.

    Rows of the cube are in order of county, so each county is one stretch of them.
    """
    first = np.array([bisect_left(cube.adm2, county) for county in counties], dtype=np.int64)
    number = np.array([bisect_right(cube.adm2, county) for county in counties]) - first
    county = np.repeat(np.arange(len(counties)), number)
    before = np.cumsum(number) - number
    row = np.arange(len(county)) + np.repeat(first - before, number)
    inside = (cube.day[row] >= day_from) & (cube.day[row] <= day_to)
    county, row = county[inside], row[inside]
    days = max(day_to - day_from + 1, 0)
    names = cube.event_class
    classes = {name: at for at, name in enumerate(sorted(set(names)))}
    numbered = np.fromiter(map(classes.__getitem__, names), dtype=np.int64, count=len(names))
    return Cube(
        classes=tuple(classes),
        class_at=numbered[row],
        incidents=cube.incidents[row],
        civilian_deaths=cube.civilian_deaths[row],
        at=county * days + (cube.day[row] - day_from),
        shape=(len(counties), days),
    )


def daily(rule: TempoEscalation, series: TempoSeries, cube: Cube) -> IntArray:
    """Return counts a day of a series, shape (counties, days).

    Deaths are cut at `winsor_deaths` a county and day: one massacre must not hide what follows.
    """
    is_counted = np.array([name in series.event_classes for name in cube.classes], dtype=np.bool_)
    mine = is_counted[cube.class_at]
    is_deaths = series.measure == "civilian_deaths"
    values = cube.civilian_deaths if is_deaths else cube.incidents
    size = cube.shape[0] * cube.shape[1]
    sums = np.bincount(cube.at[mine], weights=values[mine], minlength=size)
    counts = np.rint(sums).astype(np.int64).reshape(cube.shape)
    return np.minimum(counts, rule.winsor_deaths) if is_deaths else counts
