"""Whether a county's day is raised, and whether it stays raised after a day that was.

Hysteresis without memory: a day is *sustained* when one of the seven days before it was raised by
itself, the value is still at `clear_below` of its threshold or above, and it was not below for
longer than `clear_after_days` in between. So a verdict is a function of a bounded past.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processing.rules.tempo_tail import Reading, look_back_days, read
from processing.rules.window import IntArray
from schemas.flag import Band
from schemas.geometry import FloatArray
from schemas.rule import TempoEscalation

BoolArray = npt.NDArray[np.bool_]

# A day is kept raised for at most as long as the usual window.
SUSTAINED_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a county's day is raised. `cleared_at` is the count below which it would clear."""

    county: int
    day: int
    band: Band
    is_watch: bool
    is_alert: bool
    is_slow_rise: bool
    count: int
    baseline: int
    usual: float
    watch_at: int
    alert_at: int
    cusum: float

    @property
    def is_sustained(self) -> bool:
        """Whether only an earlier day's raise carries it."""
        return not (self.is_watch or self.is_alert or self.is_slow_rise)


def needed_days(rule: TempoEscalation) -> int:
    """Return how many days before a day its verdict depends on."""
    return look_back_days(rule) + SUSTAINED_DAYS


def verdicts(
    rule: TempoEscalation, counts: IntArray, county: IntArray, day: IntArray
) -> list[Verdict]:
    """Judge some (county, day), indexes into counts a day; return those that are raised."""
    if not len(day):
        return []
    # Column 0 is the day itself, column i the day i days before.
    days = day[:, None] - np.arange(SUSTAINED_DAYS + 1)
    reading = read(rule, counts, np.broadcast_to(county[:, None], days.shape), days)
    watch = reading.count >= reading.watch_at
    alert = reading.count >= reading.alert_at
    slow = reading.cusum > rule.cusum_limit
    hit = watch | alert | slow
    stays = _stays(rule, hit, _is_high(rule, reading))
    raised = np.flatnonzero(hit[:, 0] | stays)
    return [
        _verdict(reading, row, county=int(county[row]), day=int(day[row]), why=why)
        for row in raised.tolist()
        for why in [(bool(watch[row, 0]), bool(alert[row, 0]), bool(slow[row, 0]))]
    ]


def _is_high(rule: TempoEscalation, reading: Reading) -> BoolArray:
    """Say whether a day is still at `clear_below` of a threshold or above."""
    count: FloatArray = reading.count / reading.watch_at
    slow: FloatArray = reading.cusum / rule.cusum_limit
    return np.asarray(np.maximum(count, slow) >= rule.clear_below, dtype=np.bool_)


def _stays(rule: TempoEscalation, hit: BoolArray, high: BoolArray) -> BoolArray:
    """Say whether the day in column 0 is carried by a raise in one of the columns after it."""
    below = np.zeros(len(hit), dtype=np.int64)
    found = np.zeros(len(hit), dtype=np.bool_)
    alive = high[:, 0].copy()
    for back in range(1, hit.shape[1]):
        found |= alive & hit[:, back]
        below = np.where(high[:, back], 0, below + 1)
        alive &= below <= rule.clear_after_days
    return found


def _verdict(
    reading: Reading, row: int, *, county: int, day: int, why: tuple[bool, bool, bool]
) -> Verdict:
    is_watch, is_alert, is_slow_rise = why
    return Verdict(
        county=county,
        day=day,
        band=Band.MEDIUM if is_alert or is_slow_rise else Band.LOW,
        is_watch=is_watch,
        is_alert=is_alert,
        is_slow_rise=is_slow_rise,
        count=int(reading.count[row, 0]),
        baseline=int(reading.baseline[row, 0]),
        usual=float(reading.usual[row, 0]),
        watch_at=int(reading.watch_at[row, 0]),
        alert_at=int(reading.alert_at[row, 0]),
        cusum=float(reading.cusum[row, 0]),
    )
