"""Whether a county's day is raised, and whether it stays raised after a day that was.

Hysteresis without memory: a day is *sustained* when one of the seven days before it was raised by
itself, the count (or slow rise) that raised it is still at `clear_below` of the threshold or above,
and was not below for longer than `clear_after_days` in between. So a verdict is a function of a
bounded past.
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
    share = np.maximum(*(measure(rule, reading) for measure in _MEASURES))
    raised = share >= 1.0
    # Most days are neither raised nor near a threshold; only the last need to be looked back from.
    open_ = np.flatnonzero(~raised & (share >= rule.clear_below))
    raised[open_] = _stays(rule, counts, county[open_], day[open_], known_from=known_from)
    return _verdicts(rule, reading, county, day, rows=np.flatnonzero(raised))


def _count(rule: TempoEscalation, reading: Reading) -> FloatArray:  # noqa: ARG001 - one form
    """Return the count as a share of what raises. An alert is always a watch too."""
    return np.asarray(reading.count / np.minimum(reading.watch_at, reading.alert_at))


def _slow_rise(rule: TempoEscalation, reading: Reading) -> FloatArray:
    """Return the slow rise as a share of what raises: more than the limit."""
    return np.asarray(reading.cusum / np.nextafter(rule.cusum_limit, np.inf))


_MEASURES = (_count, _slow_rise)


def _stays(
    rule: TempoEscalation,
    counts: IntArray,
    county: IntArray,
    day: IntArray,
    *,
    known_from: int | None,
) -> BoolArray:
    """Say which days a raise on one of the days before carries, by the measure that raised it."""
    # Column i is the day i days before.
    days = day[:, None] - np.arange(SUSTAINED_DAYS + 1)
    areas = np.broadcast_to(county[:, None], days.shape)
    reading = read(rule, counts, areas, days, known_from=known_from)
    known = days >= (days.min(initial=0) if known_from is None else known_from)
    found = np.zeros(len(day), dtype=np.bool_)
    for measure in _MEASURES:
        share = measure(rule, reading)
        found |= _is_carried(rule, hit=(share >= 1.0) & known, high=share >= rule.clear_below)
    return found


def _is_carried(rule: TempoEscalation, *, hit: BoolArray, high: BoolArray) -> BoolArray:
    below = np.zeros(len(hit), dtype=np.int64)
    alive = high[:, 0].copy()
    found = np.zeros(len(hit), dtype=np.bool_)
    for back in range(1, hit.shape[1]):
        found |= alive & hit[:, back]
        below = np.where(high[:, back], 0, below + 1)
        alive &= below <= rule.clear_after_days
    return found


def _verdicts(
    rule: TempoEscalation, reading: Reading, county: IntArray, day: IntArray, *, rows: IntArray
) -> list[Verdict]:
    alert = reading.count >= reading.alert_at
    slow = reading.cusum > rule.cusum_limit
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
