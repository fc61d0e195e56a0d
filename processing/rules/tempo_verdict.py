"""Whether a county's day is raised, and whether it stays raised after a day that was.

Hysteresis without memory: a day is *sustained* when one of the seven days before it was raised by
itself, the count (or slow rise) that raised it is still at `clear_below` of the threshold or above,
and was not below for longer than `clear_after_days` in between. So a verdict is a function of a
bounded past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from processing.rules.tempo_tail import (
    Past,
    Tally,
    chance_of,
    look_back_days,
    mean,
    slow_rise,
    tally,
)
from processing.rules.window import BoolArray, IntArray
from schemas.flag import Band
from schemas.geometry import FloatArray
from schemas.rule import TempoEscalation

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
    past = Past(counts)

    def count_share(area: IntArray, on: IntArray) -> FloatArray:
        return _count_share(tally(rule, past, area, on))

    def rise_share(area: IntArray, on: IntArray) -> FloatArray:
        return _rise_share(rule, slow_rise(rule, past, area, on, known_from=known_from))

    found = tally(rule, past, county, day)
    cusum = slow_rise(rule, past, county, day, known_from=known_from)
    shares = (_count_share(found), count_share), (_rise_share(rule, cusum), rise_share)
    raised = np.maximum(shares[0][0], shares[1][0]) >= 1.0
    # Most days are neither raised nor near a threshold. Only the last need to be looked back from,
    # by the measure that is near its own: only what raised a day can carry it on.
    for share, share_of in shares:
        rows = np.flatnonzero(~raised & (share >= rule.clear_below))
        raised[rows] = _stays(rule, share_of, county[rows], day[rows], known_from=known_from)
    return _verdicts(rule, found, cusum, county, day, rows=np.flatnonzero(raised))


def _count_share(found: Tally) -> FloatArray:
    """Return the count as a share of what raises. An alert is always a watch too."""
    return np.asarray(found.count / np.minimum(found.watch_at, found.alert_at))


def _rise_share(rule: TempoEscalation, cusum: FloatArray) -> FloatArray:
    """Return the slow rise as a share of what raises: more than the limit."""
    return np.asarray(cusum / np.nextafter(rule.cusum_limit, np.inf))


def _stays(
    rule: TempoEscalation,
    share_of: Callable[[IntArray, IntArray], FloatArray],
    county: IntArray,
    day: IntArray,
    *,
    known_from: int | None,
) -> BoolArray:
    """Say which days a raise on one of the days before carries, by one measure."""
    if not len(day):
        return np.zeros(0, dtype=np.bool_)
    # Column i is the day i days before.
    days = day[:, None] - np.arange(SUSTAINED_DAYS + 1)
    share = share_of(np.broadcast_to(county[:, None], days.shape), days)
    hit, high = share >= 1.0, share >= rule.clear_below
    if known_from is not None:
        hit &= days >= known_from
    below = np.zeros(len(hit), dtype=np.int64)
    alive = high[:, 0].copy()
    found = np.zeros(len(hit), dtype=np.bool_)
    for back in range(1, hit.shape[1]):
        found |= alive & hit[:, back]
        below = np.where(high[:, back], 0, below + 1)
        alive &= below <= rule.clear_after_days
    return found


def _verdicts(
    rule: TempoEscalation,
    found: Tally,
    cusum: FloatArray,
    county: IntArray,
    day: IntArray,
    *,
    rows: IntArray,
) -> list[Verdict]:
    alert = found.count >= found.alert_at
    slow = cusum > rule.cusum_limit
    usual = mean(rule, found.baseline)
    chance = chance_of(rule, found.count[rows], usual[rows])
    return [
        Verdict(
            county=int(county[row]),
            day=int(day[row]),
            band=Band.MEDIUM if alert[row] or slow[row] else Band.LOW,
            is_watch=bool(found.count[row] >= found.watch_at[row]),
            is_alert=bool(alert[row]),
            is_slow_rise=bool(slow[row]),
            count=int(found.count[row]),
            baseline=int(found.baseline[row]),
            usual=float(usual[row]),
            chance=float(chance[at]),
            watch_at=int(found.watch_at[row]),
            alert_at=int(found.alert_at[row]),
            cusum=float(cusum[row]),
        )
        for at, row in enumerate(rows.tolist())
    ]
