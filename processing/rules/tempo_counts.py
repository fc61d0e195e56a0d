"""Counts a day of some counties as one array, from rows of the activity cube."""

from __future__ import annotations

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
    """Choose the rows of some counties from one day to another, both included."""
    county = _numbered(cube.adm2, counties)
    kept = np.flatnonzero((county >= 0) & (cube.day >= day_from) & (cube.day <= day_to))
    days = max(day_to - day_from + 1, 0)
    classes = tuple(sorted(set(cube.event_class)))
    return Cube(
        classes=classes,
        class_at=_numbered(cube.event_class, classes)[kept],
        incidents=cube.incidents[kept],
        civilian_deaths=cube.civilian_deaths[kept],
        at=county[kept] * days + (cube.day[kept] - day_from),
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


def _numbered(values: Sequence[str], names: Sequence[str]) -> IntArray:
    """Return the number of each value among some names, -1 for others."""
    number = {name: at for at, name in enumerate(names)}
    return np.array([number.get(value, -1) for value in values], dtype=np.int64)
