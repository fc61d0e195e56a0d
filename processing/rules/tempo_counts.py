"""Counts a day of some counties as one array, from the activity cube."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from processing.rules.window import CubeColumns, IntArray
from schemas.rule import TempoEscalation, TempoSeries

DEATHS = "civilian_deaths"


def daily(
    rule: TempoEscalation, cube: CubeColumns, counties: Sequence[str], *, day_from: int, day_to: int
) -> IntArray:
    """Return counts a day from one day to another, both included: (series, counties, days).

    Deaths are cut at `winsor_deaths` a county and day: one massacre must not hide what follows.
    """
    days = max(day_to - day_from + 1, 0)
    counts = np.zeros((len(rule.series), len(counties), days), dtype=np.int64)
    first, last = max(day_from, cube.day_from), min(day_to, cube.day_to)
    if first > last:
        return counts
    number = {code: at for at, code in enumerate(cube.adm2)}
    rows = [at for at, code in enumerate(counties) if code in number]
    theirs = [number[counties[at]] for at in rows]
    inside = slice(first - cube.day_from, last - cube.day_from + 1)
    for at, series in enumerate(rule.series):
        sums = _sums(series, cube)[theirs, inside]
        if series.measure == DEATHS:
            sums = np.minimum(sums, rule.winsor_deaths)
        counts[at, rows, first - day_from : last - day_from + 1] = sums
    return counts


def _sums(series: TempoSeries, cube: CubeColumns) -> IntArray:
    """Return the counts of a series: (counties, days) of the cube."""
    measure = cube.civilian_deaths if series.measure == DEATHS else cube.incidents
    total = np.zeros(measure.shape[1:], dtype=np.int64)
    for name, counts in zip(cube.event_class, measure, strict=True):
        if name in series.event_classes:
            total += counts
    return total
