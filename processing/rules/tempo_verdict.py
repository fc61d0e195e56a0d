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
    if known_from is not None:
        county, day = county[day >= known_from], day[day >= known_from]
    if not len(day):
        return []
    reading = read(rule, counts, county, day, known_from=known_from)
    hit = _hits(rule, reading)
    # Most days are neither raised nor near a threshold; only the last need to be looked back from.
    open_ = np.flatnonzero(~hit & _is_high(rule, reading))
    stays = np.zeros(len(day), dtype=np.bool_)
    stays[open_] = _stays(rule, counts, county[open_], day[open_], known_from=known_from)
    return _verdicts(rule, reading, county, day, rows=np.flatnonzero(hit | stays))


def _hits(rule: TempoEscalation, reading: Reading) -> BoolArray:
    alert, slow = _is_alert(reading), _is_slow_rise(rule, reading)
    return np.asarray((reading.count >= reading.watch_at) | alert | slow, dtype=np.bool_)


def _is_alert(reading: Reading) -> BoolArray:
    return np.asarray(reading.count >= reading.alert_at, dtype=np.bool_)


def _is_slow_rise(rule: TempoEscalation, reading: Reading) -> BoolArray:
    return np.asarray(reading.cusum > rule.cusum_limit, dtype=np.bool_)


def _is_high(rule: TempoEscalation, reading: Reading) -> BoolArray:
    """Say whether a day is still at `clear_below` of a threshold or above."""
    count: FloatArray = reading.count / reading.watch_at
    slow: FloatArray = reading.cusum / rule.cusum_limit
    return np.asarray(np.maximum(count, slow) >= rule.clear_below, dtype=np.bool_)


def _stays(
    rule: TempoEscalation,
    counts: IntArray,
    county: IntArray,
    day: IntArray,
    *,
    known_from: int | None,
) -> BoolArray:
    """Say which days that are high themselves are carried by a raise on one of the days before."""
    # Column i is the day i + 1 days before.
    days = day[:, None] - np.arange(1, SUSTAINED_DAYS + 1)
    areas = np.broadcast_to(county[:, None], days.shape)
    reading = read(rule, counts, areas, days, known_from=known_from)
    hit, high = _hits(rule, reading), _is_high(rule, reading)
    if known_from is not None:
        hit &= days >= known_from
    below = np.zeros(len(day), dtype=np.int64)
    alive = np.ones(len(day), dtype=np.bool_)
    found = np.zeros(len(day), dtype=np.bool_)
    for back in range(SUSTAINED_DAYS):
        found |= alive & hit[:, back]
        below = np.where(high[:, back], 0, below + 1)
        alive &= below <= rule.clear_after_days
    return found


def _verdicts(
    rule: TempoEscalation, reading: Reading, county: IntArray, day: IntArray, *, rows: IntArray
) -> list[Verdict]:
    alert, slow = _is_alert(reading), _is_slow_rise(rule, reading)
    chance = chance_of(rule, reading.count[rows], reading.usual[rows])
    return [
        Verdict(
            county=int(county[row]),
            day=int(day[row]),
            band=Band.MEDIUM if alert[row] or slow[row] else Band.LOW,
            is_watch=bool(reading.count[row] >= reading.watch_at[row]),
            is_alert=bool(alert[row]),
            is_slow_rise=bool(slow[row]),
            count=int(reading.count[row]),
            baseline=int(reading.baseline[row]),
            usual=float(reading.usual[row]),
            chance=float(chance[at]),
            watch_at=int(reading.watch_at[row]),
            alert_at=int(reading.alert_at[row]),
            cusum=float(reading.cusum[row]),
        )
        for at, row in enumerate(rows.tolist())
    ]
