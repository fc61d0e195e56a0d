"""Which earlier incidents of the same actor lie near some incidents, and how many are usual."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processing.rules.certainty import is_placed
from processing.rules.window import IncidentColumns, IntArray
from schemas.clock import EPOCH_DAY
from schemas.geometry import FloatArray, chord, geodesic_m_many, unit_xyz
from schemas.rule import Recurrence

_METRES_IN_KM = 1_000.0
# The weak prior of a rate: half an incident in one period of the wide band (as in R03).
_PRIOR_INCIDENTS = 0.5
_PRIOR_PERIODS = 1.0

BoolArray = npt.NDArray[np.bool_]


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


def attributed_rows(rule: Recurrence, columns: IncidentColumns) -> list[int]:
    """Return the rows that count: of the rule's classes, a named actor, a place known well.

    Known well means that the place is no wider than the near band, or nothing could be called near.
    """
    classes = frozenset(rule.event_classes)
    facts = zip(columns.actor_key, columns.event_class, strict=True)
    rows = [row for row, (actor, class_) in enumerate(facts) if actor and class_ in classes]
    if not rows:
        return rows
    widest_m = rule.band_near.within_km * _METRES_IN_KM
    known = (is_placed(columns) & (columns.radius_m <= widest_m)).tolist()
    return [row for row in rows if known[row]]


def repeats_of(
    rule: Recurrence, columns: IncidentColumns, counted: Sequence[int], targets: Sequence[int]
) -> Iterator[Repeats]:
    """Yield the past of each target that has enough of one, in order of rows.

    The past of a target are the rows that count, of the same actor and earlier.
    """
    of, prior = _pairs(rule, columns, counted, targets)
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
    maybe = (past.apart_m - past.blur_m <= wide_m) & (past.age_days <= rule.band_wide.within_days)
    rows, number = np.unique(of[maybe], return_counts=True)
    for row in rows[number >= rule.min_prior].tolist():
        part = slice(*np.searchsorted(of, (row, row + 1)).tolist())
        yield _of_one(rule, row, past.of(part), day=int(columns.day[row]))


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


def _of_one(rule: Recurrence, row: int, past: _Past, *, day: int) -> Repeats:
    wide_m = rule.band_wide.within_km * _METRES_IN_KM
    near_m = rule.band_near.within_km * _METRES_IN_KM
    surely_m, maybe_m = past.apart_m + past.blur_m, past.apart_m - past.blur_m
    recent = past.age_days <= rule.band_wide.within_days
    fresh = past.age_days <= rule.band_near.within_days
    baseline = int((~recent & (past.apart_m <= wide_m)).sum())
    return Repeats(
        row=row,
        certain=_rows(past.prior, recent & (surely_m <= wide_m)),
        possible=_rows(past.prior, recent & (maybe_m <= wide_m)),
        near_certain=_rows(past.prior, fresh & (surely_m <= near_m)),
        near_possible=_rows(past.prior, fresh & (maybe_m <= near_m)),
        baseline=baseline,
        expected=_expected(rule, baseline, day=day),
    )


def _pairs(
    rule: Recurrence, columns: IncidentColumns, counted: Sequence[int], targets: Sequence[int]
) -> tuple[IntArray, IntArray]:
    """Return (target, earlier row of the same actor) that may be near, sorted."""
    # On the unit sphere |a - b|² = 2 - 2 a·b. A little wider than exact: the geodesic decides.
    least = 1.0 - chord(reach_m(rule)) ** 2 / 2.0 - 1e-12
    pairs = [np.empty((2, 0), dtype=np.int64)]
    for own, wanted in _by_actor(columns, counted, targets):
        there = unit_xyz(columns.lon[own], columns.lat[own])
        here = unit_xyz(columns.lon[wanted], columns.lat[wanted])
        a, b = np.nonzero(here @ there.T >= least)
        pairs.append(np.stack((wanted[a], own[b])))
    of, prior = np.concatenate(pairs, axis=1)
    age_days = columns.day[of] - columns.day[prior]
    keep = _is_earlier(columns, prior, of) & (age_days >= 0) & (age_days <= rule.baseline_days)
    of, prior = of[keep], prior[keep]
    order = np.lexsort((prior, of))
    return of[order], prior[order]


def reach_m(rule: Recurrence) -> float:
    """Return how far apart two incidents may lie and still be counted: both places may be off."""
    return (rule.band_wide.within_km + 2 * rule.band_near.within_km) * _METRES_IN_KM


def _by_actor(
    columns: IncidentColumns, counted: Sequence[int], targets: Sequence[int]
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the rows that count and the targets of each actor that has targets."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for row in targets:
        wanted[columns.actor_key[row]].append(row)
    own: dict[str, list[int]] = {actor_key: [] for actor_key in wanted}
    for row in counted:
        actor_key = columns.actor_key[row]
        if actor_key in own:
            own[actor_key].append(row)
    for actor_key, rows in own.items():
        yield np.array(rows, dtype=np.int64), np.array(wanted[actor_key], dtype=np.int64)


def _is_earlier(columns: IncidentColumns, a: IntArray, b: IntArray) -> BoolArray:
    """Say which of `a` came before `b`. Rows of one day are in order of id, which settles ties."""
    first, second = columns.occurred_us[a], columns.occurred_us[b]
    return np.asarray((first < second) | ((first == second) & (a < b)), dtype=np.bool_)


def _expected(rule: Recurrence, baseline: int, *, day: int) -> float:
    period_days = rule.band_wide.within_days
    recorded_days = rule.baseline_days
    if rule.records_from is not None:
        recorded_days = min(recorded_days, day - (rule.records_from - EPOCH_DAY).days)
    periods = max(0.0, (recorded_days - period_days) / period_days)
    return (_PRIOR_INCIDENTS + baseline) / (_PRIOR_PERIODS + periods)


def _rows(prior: IntArray, mask: BoolArray) -> tuple[int, ...]:
    return tuple(prior[mask].tolist())
