from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from processing.fuse.severity import severity
from processing.fuse.victims import Tally
from processing.rules.loading import default_rules
from processing.rules.mass_killing import severe_rows
from processing.rules.registry import scope_of
from processing.rules.tempo_verdict import needed_days, verdicts
from processing.rules.window import FlagDraft, Touched
from schemas.clock import day_date
from schemas.flag import Band
from schemas.incident import Incident, Victims
from schemas.rule import TempoEscalation
from tests.processing.rules.desk import conclude
from tests.processing.rules.incidents import columns, incident
from tests.processing.rules.small_layers import DAY_0, LAYERS

RULE = next(rule for rule in default_rules().rules if isinstance(rule, TempoEscalation))
DAY = 200


def killings(*days: int, **more: Any) -> list[Incident]:  # noqa: ANN401
    return [incident(f"{at:02}-{day}", day=day, **more) for at, day in enumerate(days)]


def flags_of(*incidents: Incident, rule: TempoEscalation = RULE) -> dict[str, FlagDraft]:
    """Flags by variant and day."""
    found = conclude(rule, LAYERS, incidents)
    return {f"{flag.variant}|{flag.day - DAY_0}": flag for flag in found.values()}


def civilians(*incidents: Incident, rule: TempoEscalation = RULE) -> dict[int, Band]:
    """Bands of the series of violence against civilians, by day."""
    found = flags_of(*incidents, rule=rule).values()
    return {one.day - DAY_0: one.band for one in found if one.variant == "civilians"}


class TestSeries:
    def test_two_in_a_week_are_a_watch_in_a_quiet_county(self) -> None:
        assert civilians(*killings(DAY - 1, DAY)) == {DAY: Band.LOW}

    def test_three_in_a_week_are_an_alert_there(self) -> None:
        assert civilians(*killings(DAY - 2, DAY - 1, DAY))[DAY] is Band.MEDIUM

    def test_the_window_is_seven_days(self) -> None:
        assert civilians(*killings(DAY - 6, DAY))[DAY] is Band.LOW
        assert civilians(*killings(DAY - 7, DAY)) == {}

    def test_a_county_that_is_used_to_it_does_not_rise(self) -> None:
        weekly = killings(*range(DAY - 7 * 13, DAY - 7, 3))
        assert DAY not in civilians(*weekly, *killings(DAY - 2, DAY - 1, DAY, hour=3))

    def test_counties_and_series_are_apart(self) -> None:
        here, there = killings(DAY - 1, DAY), killings(DAY, hour=3, at=(31.1, 8.6))
        assert civilians(here[0], *there) == {}
        clash = incident("clash", day=DAY, event_type="AC_CLASH")
        assert set(flags_of(here[0], clash)) == {f"violence|{DAY}"}

    def test_an_uncertain_county_is_in_no_count(self) -> None:
        assert civilians(*killings(DAY - 1, DAY, radius_m=25_000)) == {}

    def test_only_days_on_which_something_happened_are_judged(self) -> None:
        assert set(civilians(*killings(DAY - 1, DAY))) == {DAY}

    def test_deaths_are_counted_on_their_own(self) -> None:
        two = Victims(killed_best=2, civilians_killed_best=2)
        found = flags_of(incident("a", day=DAY, victims=two))
        assert set(found) == {f"deaths|{DAY}"}
        assert found[f"deaths|{DAY}"].numbers["count"] == 2

    def test_one_massacre_is_cut_in_the_count(self) -> None:
        many = Victims(killed_best=300, civilians_killed_best=300)
        found = flags_of(incident("a", day=DAY, victims=many))
        assert found[f"deaths|{DAY}"].numbers["count"] == RULE.winsor_deaths


class TestFlag:
    def test_explains_itself(self) -> None:
        flag = flags_of(*killings(DAY - 2, DAY - 1, DAY))[f"civilians|{DAY}"]
        assert flag.explanation == (
            "3 incidents (civilians) in Karo County in the 7 days to 19 June 2014; the 12 weeks "
            "before make 0.04 usual. By chance so many come in 0.02% of weeks (threshold 3): "
            "medium."
        )

    def test_prints_what_chance_would_raise_beside_it(self) -> None:
        numbers = flags_of(*killings(DAY - 1, DAY))[f"civilians|{DAY}"].numbers
        assert numbers["counties"] == 3
        assert numbers["expected_false_watch_a_week"] == pytest.approx(0.15)
        assert numbers["expected_false_alert_a_week"] == pytest.approx(0.03)

    def test_cites_the_incidents_of_its_window(self) -> None:
        old, *new = killings(DAY - 8, DAY - 1, DAY)
        flag = flags_of(old, *new)[f"civilians|{DAY}"]
        assert [one for one, _ in flag.evidence] == [one.incident_id for one in new]

    def test_is_about_a_county_and_all_actors(self) -> None:
        flag = flags_of(*killings(DAY - 1, DAY))[f"civilians|{DAY}"]
        assert flag.flag_key() == f"R03:civilians|SS0101|ANY|{DAY_0 + DAY}"
        assert (flag.adm1, flag.adm2) == ("SS01", "SS0101")


class TestRecord:
    def test_no_day_is_judged_before_its_baseline_is_recorded(self) -> None:
        pair = killings(DAY - 1, DAY)
        # 12 weeks, the guard week and the window: day 98 of the record is the first.
        for first, judged in ((DAY - 97, True), (DAY - 96, False)):
            rule = RULE.model_copy(update={"records_from": day_date(DAY_0 + first)})
            assert (DAY in civilians(*pair, rule=rule)) is judged

    def test_the_first_full_weeks_are_no_slow_rise(self) -> None:
        steady = killings(*range(0, DAY, 2))
        began = RULE.model_copy(update={"records_from": day_date(DAY_0)})
        assert len(civilians(*steady)) > 10
        assert civilians(*steady, rule=began) == {}


class TestHysteresis:
    """`_` nothing, a digit so many incidents; the last day is judged."""

    @pytest.mark.parametrize(
        ("days", "raised"),
        [
            ("_______3", True),
            ("______31", True),
            # Seven days after three the window holds one: below 70 % of the threshold of two.
            ("3______1", False),
            ("1_____1_", False),
        ],
    )
    def test_a_day_is_raised_or_stays_so(self, days: str, *, raised: bool) -> None:
        counts = np.zeros((1, needed_days(RULE) + len(days)), dtype=np.int64)
        tail = [0 if day == "_" else int(day) for day in days]
        counts[0, -len(days) :] = tail
        last = np.array([counts.shape[1] - 1])
        found = verdicts(RULE, counts, np.array([0]), last)
        assert bool(found) is raised

    def test_between_the_threshold_and_seven_tenths_it_is_sustained(self) -> None:
        busy = RULE.model_copy(update={"watch_min": 10, "alert_min": 12, "cusum_limit": 49.0})
        counts = np.zeros((1, needed_days(RULE) + 10), dtype=np.int64)
        counts[0, -8:] = [3, 1, 1, 1, 1, 1, 1, 1]
        verdict = next(iter(_last(busy, counts, watch_min=9)))
        assert verdict.is_sustained
        assert verdict.band is Band.LOW
        counts[0, -8:] = [4, 1, 1, 1, 0, 1, 0, 1]
        assert _last(busy, counts, watch_min=9) == []


def _last(rule: TempoEscalation, counts: np.ndarray[Any, Any], *, watch_min: int) -> list[Any]:
    changed = rule.model_copy(update={"watch_min": watch_min})
    return verdicts(changed, counts, np.array([0]), np.array([counts.shape[1] - 1]))


class TestMassKilling:
    @pytest.mark.parametrize(
        ("killed", "band"), [(4, None), (5, Band.HIGH), (24, Band.HIGH), (25, Band.CRITICAL)]
    )
    def test_is_raised_whatever_the_past(self, killed: int, band: Band | None) -> None:
        victims = Victims(killed_best=killed, civilians_killed_best=killed)
        flag = flags_of(incident(day=DAY, victims=victims)).get(f"mass-killing|{DAY}")
        assert (flag.band if flag else None) == band

    def test_counts_one_incident_at_a_time(self) -> None:
        three = Victims(killed_best=3, civilians_killed_best=3)
        found = flags_of(incident("a", day=DAY, victims=three), incident("b", victims=three))
        assert not [key for key in found if key.startswith("mass-killing")]

    def test_soldiers_are_no_civilians(self) -> None:
        soldiers = Victims(killed_best=30, civilians_killed_best=0)
        found = flags_of(incident(day=DAY, victims=soldiers))
        assert not [key for key in found if key.startswith("mass-killing")]

    def test_needs_no_county(self) -> None:
        victims = Victims(killed_best=9, civilians_killed_best=9)
        flag = flags_of(incident(day=DAY, victims=victims, radius_m=25_000))[f"mass-killing|{DAY}"]
        assert flag.place_key == "town-karo"
        nowhere = incident(day=DAY, victims=victims, at=None)
        assert flags_of(nowhere)[f"mass-killing|{DAY}"].place_key == "area:unknown"

    @pytest.mark.parametrize("killed", [1, 4, 5, 24, 25, 400])
    def test_looks_at_every_severity_that_fusing_gives_to_so_many_dead(self, killed: int) -> None:
        """The rule skips milder incidents undecoded; this holds it to what fusing concludes."""
        victims = Victims(killed_best=killed, civilians_killed_best=killed)
        mildest = severity("OTHER", Tally(victims=victims, best={"KILLED": killed}), ())
        one = incident(victims=victims, event_type="OTHER", severity=mildest)
        rule = RULE.model_copy(update={"deaths_high": killed, "deaths_critical": 500})
        assert severe_rows(rule, columns([one])) == [0]


class TestScope:
    def test_incidents_that_no_series_counts_cost_nothing(self) -> None:
        quiet = columns([incident(event_type="DP_ARRIVAL", severity=2)])
        touched = Touched(before=columns([]), after=quiet)
        scope = scope_of(RULE, touched, LAYERS, lambda _: columns([]))
        assert not scope.flags
        assert not scope.incidents
        assert not scope.cube
