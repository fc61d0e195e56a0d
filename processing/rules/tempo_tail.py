"""What a county's own past makes usual, and how far from it a week is.

Let n be the incidents in B baseline periods. The posterior mean of the rate is (0.5 + n)/(1 + B)
and the next count is negative binomial with variance mu + mu²/k + mu/(1 + B): chance, clustering,
and how little the past tells. The slow rise is a CUSUM of (x - mu)/sd less a slack, over the last
`cusum_weeks` periods and from 0, so that it is a function of a bounded past; it starts again at 0
after it raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from processing.rules.window import IntArray
from schemas.geometry import FloatArray
from schemas.rule import TempoEscalation

BoolArray = npt.NDArray[np.bool_]

_PRIOR_COUNT = 0.5
_PRIOR_PERIODS = 1.0
# Counts that are tried in one call; baselines are small, so one call nearly always finds it.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Arrays of one shape, one entry for a (county, day).

    `count` is of the window that ends on the day, `usual` the posterior mean, `watch_at` and
    `alert_at` the smallest counts that raise, `cusum` the slow rise.
    """

    count: IntArray
    baseline: IntArray
    usual: FloatArray
    watch_at: IntArray
    alert_at: IntArray
    cusum: FloatArray


def look_back_days(rule: TempoEscalation) -> int:
    """Return how many days before a day its reading depends on."""
    periods = (rule.cusum_weeks - 1) + rule.guard_weeks + rule.baseline_weeks
    return periods * rule.window_days + rule.window_days - 1


def baseline_days(rule: TempoEscalation) -> int:
    """Return how many days before a day its baseline begins."""
    periods = 1 + rule.guard_weeks + rule.baseline_weeks
    return periods * rule.window_days - 1


class Past:
    """Counts a day of some counties, as running sums: what any days hold is a difference."""

    def __init__(self, counts: IntArray) -> None:
        self._width = counts.shape[1] + 1
        sums = np.zeros((counts.shape[0], self._width), dtype=np.int64)
        np.cumsum(counts, axis=1, out=sums[:, 1:])
        self._sums = sums.ravel()

    def window(self, county: IntArray, day: IntArray, days: int) -> IntArray:
        """Return the sums over some days that end on a day."""
        end = county * self._width + day + 1
        return np.asarray(self._sums.take(end) - self._sums.take(end - days), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a window holds and what makes it usual. Arrays of one shape."""

    count: IntArray
    baseline: IntArray
    watch_at: IntArray
    alert_at: IntArray


def read(
    rule: TempoEscalation,
    counts: IntArray,
    county: IntArray,
    day: IntArray,
    *,
    known_from: int | None = None,
) -> Reading:
    """Read some (county, day) of an array of counts a day.

    `county` and `day` are indexes of one shape into `counts`; each day has at least
    `look_back_days` before it. Periods that end before `known_from` do not count for the slow rise.
    """
    past = Past(counts)
    found = tally(rule, past, county, day)
    return Reading(
        count=found.count,
        baseline=found.baseline,
        usual=mean(rule, found.baseline),
        watch_at=found.watch_at,
        alert_at=found.alert_at,
        cusum=slow_rise(rule, past, county, day, known_from=known_from),
    )


def tally(rule: TempoEscalation, past: Past, county: IntArray, day: IntArray) -> Tally:
    """Return the counts of the windows that end on some days, and which would raise."""
    count, baseline = _periods(rule, past, county, day)
    return Tally(
        count=count,
        baseline=baseline,
        watch_at=threshold(rule, baseline, tail=rule.watch_tail, least=rule.watch_min),
        alert_at=threshold(rule, baseline, tail=rule.alert_tail, least=rule.alert_min),
    )


def slow_rise(
    rule: TempoEscalation,
    past: Past,
    county: IntArray,
    day: IntArray,
    *,
    known_from: int | None = None,
) -> FloatArray:
    """Return the slow rise up to some days."""
    # The first axis are periods, newest first.
    back = np.arange(rule.cusum_weeks) * rule.window_days
    days = day - back.reshape(-1, *(1,) * day.ndim)
    count, baseline = _periods(rule, past, county, days)
    return _cusum(rule, count, mean(rule, baseline), _known(days, known_from))


def _periods(
    rule: TempoEscalation, past: Past, county: IntArray, day: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the counts of the windows that end on some days, and of their baselines."""
    guard = rule.window_days * (1 + rule.guard_weeks)
    count = past.window(county, day, rule.window_days)
    return count, past.window(county, day - guard, rule.window_days * rule.baseline_weeks)


def mean(rule: TempoEscalation, baseline: IntArray) -> FloatArray:
    """Return the posterior mean of a period's count."""
    return np.asarray((_PRIOR_COUNT + baseline) / (_PRIOR_PERIODS + rule.baseline_weeks))


def variance(rule: TempoEscalation, usual: FloatArray) -> FloatArray:
    """Return the variance of the next count."""
    unsure = usual / (_PRIOR_PERIODS + rule.baseline_weeks)
    return np.asarray(usual + usual**2 / rule.dispersion_k + unsure)


def threshold(rule: TempoEscalation, baseline: IntArray, *, tail: float, least: int) -> IntArray:
    """Return the smallest counts, at least `least`, that chance reaches no oftener than `tail`."""
    # Baselines are small integers and few: the slow inverse is asked once for each, ever.
    known, at = np.unique(baseline, return_inverse=True)
    n, p = _parameters(rule, mean(rule, known))
    pairs = zip(n.tolist(), p.tolist(), strict=True)
    smallest = np.array([_reached(*pair, tail) for pair in pairs], dtype=np.int64)
    return np.asarray(np.maximum(smallest, least)[at].reshape(baseline.shape), dtype=np.int64)


@lru_cache(maxsize=65_536)
def _reached(n: float, p: float, tail: float) -> int:
    """Return the smallest count that chance reaches no oftener than `tail`."""
    start = 1
    while True:
        counts = np.arange(start, start + _AT_ONCE, dtype=np.float64)
        rare = np.flatnonzero(betainc(counts, n, 1.0 - p) <= tail)
        if rare.size:
            return start + int(rare[0])
        start += _AT_ONCE


def chance_of(rule: TempoEscalation, count: IntArray, usual: FloatArray) -> FloatArray:
    """Return the chance of counts, or higher ones."""
    n, p = _parameters(rule, usual)
    # P(X >= c) of a negative binomial is the regularised incomplete beta function (NIST DLMF
    # 8.17.24); scipy.stats has it too, and takes longer to import than the whole desk.
    chance = betainc(np.maximum(count, 1), n, 1.0 - p)
    return np.asarray(np.where(count > 0, chance, 1.0), dtype=np.float64)


def _parameters(rule: TempoEscalation, usual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the size and probability of the negative binomial of a mean."""
    spread = variance(rule, usual)
    return usual**2 / (spread - usual), usual / spread


def _known(days: IntArray, known_from: int | None) -> BoolArray:
    if known_from is None:
        return np.ones(days.shape, dtype=np.bool_)
    return np.asarray(days >= known_from, dtype=np.bool_)


def _cusum(
    rule: TempoEscalation, count: IntArray, usual: FloatArray, known: BoolArray
) -> FloatArray:
    """Fold S = max(0, S + (x - mu)/sd - slack) over the periods, newest first in the first axis.

    Periods whose baseline is not known add nothing. After it raised, S starts again at 0: else one
    jump would keep a county raised for half a year, and chance would raise up to 13 % of weeks.
    """
    sd = np.maximum(np.sqrt(variance(rule, usual)), rule.min_sd)
    steps = np.where(known, (count - usual) / sd - rule.cusum_slack_sd, 0.0)
    rise = np.zeros(count.shape[1:])
    for step in steps[::-1]:
        rise[rise > rule.cusum_limit] = 0.0
        rise += step
        np.maximum(rise, 0.0, out=rise)
    return rise
