"""Which earlier incidents of the same actor lie near some incidents, and how many are usual."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from processing.rules.certainty import is_placed
from processing.rules.window import BoolArray, IncidentColumns, IntArray, among, numbered
from schemas.clock import EPOCH_DAY
from schemas.geometry import FloatArray, chord, geodesic_m_many, unit_xyz
from schemas.rule import Recurrence

_METRES_IN_KM = 1_000.0
# The weak prior of a rate: half an incident in one period of the wide band (as in R03).
_PRIOR_INCIDENTS = 0.5
_PRIOR_PERIODS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """The past of one incident: rows of earlier ones in the wide band, and what is usual.

    `near` are the rows (certain or not) that also lie in the near band; `expected` is the number
    that the actor's own past there makes usual for the wide band.
    """

    row: int
    certain: tuple[int, ...]
    possible: tuple[int, ...]
    near_certain: tuple[int, ...]
    near_possible: tuple[int, ...]
    baseline: int
    expected: float


def attributed_rows(rule: Recurrence, columns: IncidentColumns) -> IntArray:
    """Return the rows that count: of the rule's classes, a named actor, a place known well.

    Known well means that the place is no wider than the near band, or nothing could be called near.
    """
    named = among(columns.event_class, rule.event_classes)
    named &= ~among(columns.actor_key, ("",))
    widest_m = rule.band_near.within_km * _METRES_IN_KM
    return np.flatnonzero(named & is_placed(columns) & (columns.radius_m <= widest_m))


def repeats_of(
    rule: Recurrence, columns: IncidentColumns, counted: IntArray, targets: IntArray
) -> Iterator[Repeats]:
    """Yield the past of each target that may stand out by it, in order of rows.

    The past of a target are the rows that count, of the same actor and earlier. Targets are among
    the rows that count; both are in order.
    """
    of, prior = _pairs(rule, columns, counted, targets)
    if not len(of):
        return
    past = _Past(
        prior=prior,
        apart_m=geodesic_m_many(
            columns.lon[of], columns.lat[of], columns.lon[prior], columns.lat[prior]
        ),
        blur_m=columns.radius_m[of] + columns.radius_m[prior],
        age_days=columns.day[of] - columns.day[prior],
    )
    # Few incidents have a past at all: leave out at once those that can't have enough of one.
    wide_m = rule.band_wide.within_km * _METRES_IN_KM
    recent = past.age_days <= rule.band_wide.within_days
    maybe = recent & (past.apart_m - past.blur_m <= wide_m)
    rows, at, number = np.unique(of, return_inverse=True, return_counts=True)
    possible = np.bincount(at[maybe], minlength=len(rows))
    baseline = np.bincount(at[~recent & (past.apart_m <= wide_m)], minlength=len(rows))
    expected = _expected(rule, baseline, columns.day[rows])
    enough = (possible >= rule.min_prior) & (possible >= rule.min_ratio * expected)
    last = np.cumsum(number)
    for one in np.flatnonzero(enough).tolist():
        part = slice(int(last[one] - number[one]), int(last[one]))
        yield _of_one(
            rule,
            past.of(part),
            row=int(rows[one]),
            baseline=int(baseline[one]),
            expected=float(expected[one]),
        )


def rows_after(
    rule: Recurrence,
    moved: IncidentColumns,
    moved_rows: IntArray,
    columns: IncidentColumns,
) -> list[int]:
    """Return the rows that count and may have one of some incidents in their past, in order."""
    counted = attributed_rows(rule, columns)
    if not len(counted) or not len(moved_rows):
        return []
    numbers: dict[str, int] = defaultdict(lambda: len(numbers))
    actor = _numbers(numbers, moved.actor_key, moved_rows)
    day = moved.day[moved_rows]
    of, later = _of_one_actor(
        (actor, day, day + rule.baseline_days),
        (_numbers(numbers, columns.actor_key, counted), columns.day[counted]),
    )
    keep = _may_be_near(rule, _xyz(moved, moved_rows)[of], _xyz(columns, counted)[later])
    of, later = moved_rows[of], counted[later]
    keep &= moved.occurred_us[of] <= columns.occurred_us[later]
    found: list[int] = np.unique(later[keep]).tolist()
    return found


def _numbers(numbers: dict[str, int], column: Sequence[str], rows: IntArray) -> IntArray:
    return np.fromiter((numbers[column[row]] for row in rows.tolist()), np.int64, len(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Earlier incidents with how far and how long ago they were; places are off by `blur_m`."""

    prior: IntArray
    apart_m: FloatArray
    blur_m: FloatArray
    age_days: IntArray

    def of(self, part: slice) -> _Past:
        return _Past(
            prior=self.prior[part],
            apart_m=self.apart_m[part],
            blur_m=self.blur_m[part],
            age_days=self.age_days[part],
        )


def _of_one(rule: Recurrence, past: _Past, *, row: int, baseline: int, expected: float) -> Repeats:
    wide_m = rule.band_wide.within_km * _METRES_IN_KM
    near_m = rule.band_near.within_km * _METRES_IN_KM
    surely_m, maybe_m = past.apart_m + past.blur_m, past.apart_m - past.blur_m
    recent = past.age_days <= rule.band_wide.within_days
    fresh = past.age_days <= rule.band_near.within_days
    return Repeats(
        row=row,
        certain=_rows(past.prior, recent & (surely_m <= wide_m)),
        possible=_rows(past.prior, recent & (maybe_m <= wide_m)),
        near_certain=_rows(past.prior, fresh & (surely_m <= near_m)),
        near_possible=_rows(past.prior, fresh & (maybe_m <= near_m)),
        baseline=baseline,
        expected=expected,
    )


def _pairs(
    rule: Recurrence, columns: IncidentColumns, counted: IntArray, targets: IntArray
) -> tuple[IntArray, IntArray]:
    """Return (target, earlier row of the same actor) that may be near, sorted."""
    actor, day = numbered(columns.actor_key), columns.day
    of, prior = _of_one_actor(
        (actor[targets], day[targets] - rule.baseline_days, day[targets]),
        (actor[counted], day[counted]),
    )
    if len(of) == len(targets):
        # Each is of its own actor and day; nothing else is.
        return of[:0], prior[:0]
    keep = _may_be_near(rule, _xyz(columns, targets)[of], _xyz(columns, counted)[prior])
    of, prior = targets[of], counted[prior]
    keep &= _is_earlier(columns, prior, of)
    return of[keep], prior[keep]


def _of_one_actor(
    asked: tuple[IntArray, IntArray, IntArray], known: tuple[IntArray, IntArray]
) -> tuple[IntArray, IntArray]:
    """Pair each asked (actor, first day, last day) with the known (actor, day) in it.

    Indexes, in order of what is asked, then of day; what is known of one day keeps its order.
    """
    (actor, first_day, last_day), (known_actor, known_day) = asked, known
    # One number for an actor and a day: what is asked for is then one stretch of the sorted rows.
    least = min(int(known_day.min(initial=0)), int(first_day.min(initial=0)))
    days = max(int(known_day.max(initial=0)), int(last_day.max(initial=0))) - least + 1
    key = known_actor * days + (known_day - least)
    order = key.argsort(kind="stable")
    key = key[order]
    first = key.searchsorted(actor * days + (first_day - least), side="left")
    number = key.searchsorted(actor * days + (last_day - least), side="right") - first
    of = np.arange(len(actor)).repeat(number)
    before = number.cumsum() - number
    return of, order[np.arange(len(of)) + (first - before).repeat(number)]


def _may_be_near(rule: Recurrence, a: FloatArray, b: FloatArray) -> BoolArray:
    # On the unit sphere |a - b|² = 2 - 2 a·b. A little wider than exact: the geodesic decides.
    least = 1.0 - chord(reach_m(rule)) ** 2 / 2.0 - 1e-12
    return np.asarray((a * b).sum(axis=1) >= least)


def _xyz(columns: IncidentColumns, rows: IntArray) -> FloatArray:
    return unit_xyz(columns.lon[rows], columns.lat[rows])


def reach_m(rule: Recurrence) -> float:
    """Return how far apart two incidents may lie and still be counted: both places may be off."""
    return (rule.band_wide.within_km + 2 * rule.band_near.within_km) * _METRES_IN_KM


def _is_earlier(columns: IncidentColumns, a: IntArray, b: IntArray) -> BoolArray:
    """Say which of `a` came before `b`. Rows of one day are in order of id, which settles ties."""
    first, second = columns.occurred_us[a], columns.occurred_us[b]
    return np.asarray((first < second) | ((first == second) & (a < b)), dtype=np.bool_)


def _expected(rule: Recurrence, baseline: IntArray, day: IntArray) -> FloatArray:
    period_days = rule.band_wide.within_days
    recorded_days = np.full(len(day), rule.baseline_days)
    if rule.records_from is not None:
        since = (rule.records_from - EPOCH_DAY).days
        recorded_days = np.minimum(rule.baseline_days, day - since)
    periods = np.maximum(0.0, (recorded_days - period_days) / period_days)
    return np.asarray((_PRIOR_INCIDENTS + baseline) / (_PRIOR_PERIODS + periods))


def _rows(prior: IntArray, mask: BoolArray) -> tuple[int, ...]:
    return tuple(prior[mask].tolist())
