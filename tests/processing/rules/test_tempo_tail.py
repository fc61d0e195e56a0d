"""The table of domain reference C.1, R03: how often chance raises, and how soon a rise is seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from processing.rules.loading import default_rules
from processing.rules.tempo_tail import (
    BoolArray,
    chance_of,
    look_back_days,
    mean,
    read,
    threshold,
    variance,
)
from processing.rules.window import IntArray
from schemas.rule import TempoEscalation

RULE = next(rule for rule in default_rules().rules if isinstance(rule, TempoEscalation))
# Counts that are not clustered have no extra variance.
POISSON = RULE.model_copy(update={"dispersion_k": 1_000.0})
# More areas than the table's 60, so that the shares stand still.
AREAS, WEEKS = 200, 60
HISTORY = look_back_days(RULE) // 7 + 1

Raised = tuple[BoolArray, BoolArray, BoolArray]


def weekly(rate: float, *, clustered: bool, seed: int, rise: float = 1.0) -> IntArray:
    """Incidents a week of areas in which nothing changes, or rises after the history."""
    chance = np.random.default_rng(seed)
    rates = np.full((AREAS, HISTORY + WEEKS), rate)
    rates[:, HISTORY:] *= rise
    if not clustered:
        return np.asarray(chance.poisson(rates), dtype=np.int64)
    return np.asarray(chance.negative_binomial(1, 1 / (1 + rates)), dtype=np.int64)


def raised(rule: TempoEscalation, weeks: IntArray) -> Raised:
    """WATCH, ALERT and slow rise of each area and week after the history."""
    counts = np.zeros((AREAS, weeks.shape[1] * 7), dtype=np.int64)
    counts[:, 6::7] = weeks
    day = np.broadcast_to(6 + 7 * np.arange(HISTORY, weeks.shape[1]), (AREAS, WEEKS))
    county = np.broadcast_to(np.arange(AREAS)[:, None], day.shape)
    reading = read(rule, counts, county, day)
    return (
        reading.count >= reading.watch_at,
        reading.count >= reading.alert_at,
        reading.cusum > rule.cusum_limit,
    )


class TestByChance:
    """Published shares of area-weeks: WATCH 1.5 to 7 %, ALERT 0.1 to 2.3 %, CUSUM 0.6 to 2.8 %."""

    @pytest.mark.parametrize("clustered", [True, False])
    @pytest.mark.parametrize("rate", [0.2, 0.5, 1.0, 2.0, 3.0])
    def test_shares_are_as_published(self, rate: float, *, clustered: bool) -> None:
        rule = RULE if clustered else POISSON
        watch, alert, slow = raised(rule, weekly(rate, clustered=clustered, seed=1))
        assert 0.01 <= watch.mean() <= 0.07
        assert 0.0005 <= alert.mean() <= 0.023
        assert 0.004 <= slow.mean() <= 0.028


@pytest.mark.parametrize(
    ("rate", "watch", "alert", "slow"),
    [(0.2, 0.39, 0.11, 0.27), (0.5, 0.70, 0.43, 0.62), (1.0, 0.92, 0.74, 0.86), (3.0, 1, 1, 1)],
)
def test_a_rate_that_rises_fourfold_is_seen_within_three_weeks(
    rate: float, watch: float, alert: float, slow: float
) -> None:
    """The published shares of areas, to a tenth: they came from other random weeks."""
    found = raised(POISSON, weekly(rate, clustered=False, seed=7, rise=4.0))
    seen = [float(one[:, :3].any(axis=1).mean()) for one in found]
    assert seen == pytest.approx([watch, alert, slow], abs=0.1)


class TestNumbers:
    def test_the_mean_and_variance_are_those_of_the_reference(self) -> None:
        usual = mean(RULE, np.array([0, 12]))
        assert usual.tolist() == [0.5 / 13, 12.5 / 13]
        mu = 12.5 / 13
        assert variance(RULE, usual)[1] == pytest.approx(mu + mu**2 / 1.0 + mu / 13)

    @given(baseline=st.integers(0, 400), tail=st.sampled_from((0.05, 0.01)))
    def test_the_threshold_is_the_smallest_count_with_so_small_a_tail(
        self, baseline: int, tail: float
    ) -> None:
        at = int(threshold(RULE, np.array([baseline]), tail=tail, least=1)[0])
        usual = np.repeat(mean(RULE, np.array([baseline])), 2)
        below, reached = chance_of(RULE, np.array([at - 1, at]), usual).tolist()
        assert reached <= tail * (1 + 1e-9)
        assert at == 1 or below > tail * (1 - 1e-9)

    def test_the_chance_is_that_of_a_count_or_a_higher_one(self) -> None:
        usual = np.array([1.0])
        spread = float(variance(RULE, usual)[0])
        expected = nbinom.pmf(np.arange(3), 1 / (spread - 1), 1 / spread).sum()
        assert chance_of(RULE, np.array([3]), usual)[0] == pytest.approx(1 - expected)

    def test_the_week_before_the_window_is_not_part_of_the_baseline(self) -> None:
        counts = np.zeros((1, 400), dtype=np.int64)
        counts[0, 390 - 13 : 390 - 6] = 9
        reading = read(RULE, counts, np.array([0]), np.array([390]))
        assert reading.baseline.tolist() == [0]
        counts[0, 390 - 14] = 4
        assert read(RULE, counts, np.array([0]), np.array([390])).baseline.tolist() == [4]

    def test_the_slow_rise_starts_again_after_it_raised(self) -> None:
        weeks = np.zeros((1, 60), dtype=np.int64)
        weeks[0, 40:43] = 1
        counts = np.zeros((1, 420), dtype=np.int64)
        counts[:, 6::7] = weeks
        day = 6 + 7 * np.arange(40, 45)
        rise = read(RULE, counts, np.zeros(5, dtype=np.int64), day).cusum
        assert (rise > RULE.cusum_limit).tolist() == [False, False, True, False, False]
