"""Whether a county's day is raised, and whether it stays raised after a day that was.

Hysteresis without memory: a day is *sustained* when one of the seven days before it was raised by
itself, the value is still at `clear_below` of its threshold or above, and it was not below for
longer than `clear_after_days` in between. So a verdict is a function of a bounded past.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processing.rules.tempo_tail import Reading, chance_of, look_back_days, read
from processing.rules.window import IntArray
from schemas.flag import Band
from schemas.geometry import FloatArray
from schemas.rule import TempoEscalation

BoolArray = npt.NDArray[np.bool_]

# A day is kept raised for at most as long as the usual window.
SUSTAINED_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a county's day is raised. `chance` is that of the count or a higher one."""

    county: int
    day: int
    band: Band
    is_watch: bool
    is_alert: bool
    is_slow_rise: bool
    count: int
    baseline: int
    usual: float
    chance: float
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
    rule: TempoEscalation,
    counts: IntArray,
    county: IntArray,
    day: IntArray,
    *,
    known_from: int | None = None,
) -> list[Verdict]:
    """Judge some (county, day), indexes into counts a day; return those that are raised.

    Days before `known_from` are not raised and carry no other: their past is not recorded.
    """
    if not len(day):
        return []
    # Column 0 is the day itself, column i the day i days before.
    days = day[:, None] - np.arange(SUSTAINED_DAYS + 1)
    areas = np.broadcast_to(county[:, None], days.shape)
    reading = read(rule, counts, areas, days, known_from=known_from)
    watch = reading.count >= reading.watch_at
    alert = reading.count >= reading.alert_at
    slow = reading.cusum > rule.cusum_limit
    hit = watch | alert | slow
    if known_from is not None:
        hit &= days >= known_from
    stays = _stays(rule, hit, _is_high(rule, reading))
    raised = np.flatnonzero(hit[:, 0] | stays)
    chance = chance_of(rule, reading.count[raised, 0], reading.usual[raised, 0]).tolist()
    return [
        Verdict(
            county=int(county[row]),
            day=int(day[row]),
            band=Band.MEDIUM if alert[row, 0] or slow[row, 0] else Band.LOW,
            is_watch=bool(watch[row, 0]),
            is_alert=bool(alert[row, 0]),
            is_slow_rise=bool(slow[row, 0]),
            count=int(reading.count[row, 0]),
            baseline=int(reading.baseline[row, 0]),
            usual=float(reading.usual[row, 0]),
            chance=chance[at],
            watch_at=int(reading.watch_at[row, 0]),
            alert_at=int(reading.alert_at[row, 0]),
            cusum=float(reading.cusum[row, 0]),
        )
        for at, row in enumerate(raised.tolist())
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
