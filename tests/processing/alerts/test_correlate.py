from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.alerts.correlate import AlertKey, Reason, alert_key
from processing.alerts.life_cycle import Acted, act
from schemas.alert import Alert, AlertAction, AlertState, TransitionKind
from schemas.flag import Band, Flag, FlagState
from tests.processing.alerts.flags import DAY, KEY, NOON, conclude, flag, raised

LATER = NOON + timedelta(hours=2)


def answered(alert: Alert, *states: AlertState) -> Alert:
    for state in states:
        done = act(alert, AlertAction(to_state=state, seq=alert.seq), by="duty", now=LATER)
        assert isinstance(done, Acted)
        alert = done.alert
    return alert


class TestAlertKey:
    @pytest.mark.parametrize(
        ("adm1", "adm2", "lon", "place_key"),
        [
            ("SS01", "SS0101", 30.5, "SS0101"),
            ("SS01", "", 30.5, "SS01"),
            ("", "", 30.5, "cell:836a76fffffffff"),
            ("", "", None, "area:unknown"),
        ],
    )
    def test_is_the_smallest_area_that_is_certain(
        self, adm1: str, adm2: str, lon: float | None, place_key: str
    ) -> None:
        lat = None if lon is None else 8.5
        assert alert_key(adm1, adm2, lon, lat, "UNKNOWN", DAY).place_key == place_key

    def test_gives_the_same_id_in_every_replay(self) -> None:
        same = AlertKey(place_key="SS0101", actor_class="ARMED_GROUP", day=DAY)
        assert same.alert_id == KEY.alert_id
        assert KEY.day_before().alert_id != KEY.alert_id


class TestFirst:
    def test_raises_pages_and_starts_the_clock(self) -> None:
        decision = conclude(flag(band=Band.HIGH))
        alert, transition = decision.alert, decision.transition
        assert decision.page
        assert decision.reason is Reason.FIRST
        assert alert is not None
        assert transition is not None
        assert (alert.state, alert.seq, alert.number) == (AlertState.RAISED, 1, 87)
        assert alert.paged
        assert alert.ack_due_at == NOON + timedelta(minutes=30)
        assert (transition.kind, transition.seq) == (TransitionKind.RAISED, 1)
        assert transition.from_state is None

    def test_takes_the_highest_band_and_priority_of_its_flags(self) -> None:
        alert = raised(flag("a", band=Band.LOW, priority=5), flag("b", band=Band.HIGH, priority=2))
        assert (alert.band, alert.priority) == (Band.HIGH, 5)
        assert alert.flag_ids == ("flag-a", "flag-b")

    def test_headline_tells_what_where_and_when(self) -> None:
        alert = raised(flag("a", rule_id="R08", band=Band.CRITICAL), flag("b"))
        assert alert.headline == (
            "Critical: violence near civilians, hostile acts against the UN in Karo County, "
            "16 December 2013"
        )

    def test_never_pages_on_retrospective_flags(self) -> None:
        decision = conclude(flag(retrospective=True))
        assert not decision.page
        assert decision.reason is Reason.RETROSPECTIVE
        assert decision.alert is not None
        assert decision.alert.retrospective
        assert decision.alert.ack_due_at is None

    @pytest.mark.parametrize("other", [{"shadow": True}, {"state": FlagState.WITHDRAWN}])
    def test_shadow_and_withdrawn_flags_make_no_alert(self, other: dict[str, Any]) -> None:
        decision = conclude(flag(**other))
        assert decision.alert is None
        assert decision.reason is Reason.NO_FLAGS


class TestAgain:
    def test_unchanged_flags_give_no_transition(self) -> None:
        alert = raised(flag())
        decision = conclude(flag(), previous=alert, now=LATER)
        assert decision.transition is None
        assert decision.alert == alert

    def test_a_new_revision_with_the_same_band_gives_no_transition(self) -> None:
        alert = raised(flag())
        assert conclude(flag(revision=2), previous=alert, now=LATER).transition is None

    def test_a_further_flag_updates_without_paging(self) -> None:
        decision = conclude(flag("a"), flag("b"), previous=raised(flag("a")), now=LATER)
        assert not decision.page
        assert decision.reason is Reason.CHANGED
        assert decision.transition is not None
        assert decision.transition.kind is TransitionKind.UPDATED
        assert decision.transition.seq == 2

    def test_a_higher_band_pages_and_shortens_the_clock(self) -> None:
        alert = raised(flag(band=Band.MEDIUM))
        decision = conclude(flag(band=Band.CRITICAL), previous=alert, now=LATER)
        assert decision.page
        assert decision.reason is Reason.BAND_ROSE
        assert decision.alert is not None
        assert decision.alert.ack_due_at == LATER + timedelta(minutes=10)

    def test_a_higher_band_never_gives_more_time(self) -> None:
        alert = raised(flag(band=Band.MEDIUM))
        late = NOON + timedelta(hours=3, minutes=55)
        decision = conclude(flag(band=Band.HIGH), previous=alert, now=late)
        assert decision.alert is not None
        assert decision.alert.ack_due_at == alert.ack_due_at

    def test_an_acknowledged_alert_stays_acknowledged_when_the_band_rises(self) -> None:
        alert = answered(raised(flag()), AlertState.ACKNOWLEDGED)
        decision = conclude(flag(band=Band.HIGH), previous=alert, now=LATER)
        assert decision.page
        assert decision.alert is not None
        assert decision.alert.state is AlertState.ACKNOWLEDGED
        assert decision.alert.owner == "duty"

    def test_a_late_higher_flag_never_pages(self) -> None:
        alert = raised(flag("a"))
        late = flag("b", band=Band.CRITICAL, retrospective=True)
        decision = conclude(flag("a"), late, previous=alert, now=LATER)
        assert not decision.page
        assert decision.alert is not None
        assert decision.alert.band is Band.CRITICAL

    def test_a_live_flag_pages_although_a_late_one_was_higher(self) -> None:
        alert = raised(flag("a", band=Band.CRITICAL, retrospective=True))
        decision = conclude(
            flag("a", band=Band.CRITICAL, retrospective=True), flag("b"), previous=alert
        )
        assert decision.page

    def test_a_lower_band_and_back_pages_once(self) -> None:
        high = raised(flag(band=Band.HIGH))
        low = conclude(flag(band=Band.LOW), previous=high).alert
        assert not conclude(flag(band=Band.HIGH), previous=low).page


class TestEvidenceGone:
    def test_withdraws_and_tells_those_who_were_told(self) -> None:
        decision = conclude(previous=raised(flag()), now=LATER)
        assert decision.page
        assert decision.reason is Reason.EVIDENCE_GONE
        assert decision.alert is not None
        assert decision.alert.state is AlertState.WITHDRAWN
        assert decision.alert.flag_ids == ()

    def test_tells_nobody_when_nobody_was_told(self) -> None:
        assert not conclude(previous=raised(flag(retrospective=True))).page

    def test_withdraws_once(self) -> None:
        gone = conclude(previous=raised(flag())).alert
        assert conclude(previous=gone).transition is None

    def test_keeps_what_people_closed_but_tells_them(self) -> None:
        closed = answered(raised(flag()), AlertState.RESOLVED)
        decision = conclude(previous=closed, now=LATER)
        assert decision.page
        assert decision.alert is not None
        assert decision.alert.state is AlertState.RESOLVED

    def test_raises_again_when_evidence_comes_back(self) -> None:
        gone = conclude(previous=raised(flag())).alert
        decision = conclude(flag(), previous=gone, now=LATER)
        assert decision.page
        assert decision.reason is Reason.CAME_BACK
        assert decision.alert is not None
        assert decision.alert.state is AlertState.RAISED
        assert decision.alert.acknowledged_at is None


class TestClosed:
    def test_stays_closed_while_the_band_does_not_rise(self) -> None:
        closed = answered(raised(flag("a")), AlertState.FALSE_ALARM)
        decision = conclude(flag("a"), flag("b"), previous=closed)
        assert not decision.page
        assert decision.alert is not None
        assert decision.alert.state is AlertState.FALSE_ALARM

    def test_opens_again_when_the_band_rises(self) -> None:
        closed = answered(raised(flag()), AlertState.RESOLVED)
        decision = conclude(flag(band=Band.CRITICAL), previous=closed, now=LATER)
        assert decision.page
        assert decision.reason is Reason.REOPENED
        assert decision.alert is not None
        assert decision.alert.state is AlertState.RAISED
        assert decision.alert.ack_due_at == LATER + timedelta(minutes=10)


class TestNextDay:
    def before(self, **more: Any) -> Alert:  # noqa: ANN401
        return raised(flag(**more), key=KEY.day_before())

    def test_inherits_owner_acknowledgement_and_clock_and_does_not_page(self) -> None:
        before = answered(self.before(), AlertState.ACKNOWLEDGED)
        decision = conclude(flag(), day_before=before)
        alert = decision.alert
        assert alert is not None
        assert not decision.page
        assert decision.reason is Reason.CONTINUES
        assert alert.continues == before.alert_id
        assert alert.owner == "duty"
        assert alert.state is AlertState.ACKNOWLEDGED
        assert alert.acknowledged_at == before.acknowledged_at
        assert alert.ack_due_at == before.ack_due_at

    def test_pages_when_the_band_is_higher_than_what_was_told(self) -> None:
        assert conclude(flag(band=Band.HIGH), day_before=self.before()).page

    def test_pages_when_nobody_was_told_the_day_before(self) -> None:
        assert conclude(flag(), day_before=self.before(retrospective=True)).page

    def test_remembers_over_days_what_was_told(self) -> None:
        second = conclude(flag(), day_before=self.before(band=Band.HIGH)).alert
        third = AlertKey(place_key=KEY.place_key, actor_class=KEY.actor_class, day=DAY + 1)
        assert not conclude(flag(band=Band.HIGH), day_before=second, key=third).page

    @pytest.mark.parametrize("closing", [AlertState.RESOLVED, AlertState.FALSE_ALARM])
    def test_is_a_new_alert_after_a_closed_one(self, closing: AlertState) -> None:
        before = answered(self.before(), closing)
        decision = conclude(flag(), day_before=before)
        assert decision.page
        assert decision.alert is not None
        assert decision.alert.continues is None

    def test_is_a_new_alert_after_a_withdrawn_one(self) -> None:
        before = conclude(previous=self.before(), key=KEY.day_before()).alert
        assert conclude(flag(), day_before=before).page


class TestWhatIsConcluded:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from("abcd"),
                st.sampled_from(Band),
                st.sampled_from(FlagState),
                st.booleans(),
            ),
            max_size=8,
        )
    )
    def test_follows_from_the_last_flags_alone(
        self, steps: list[tuple[str, Band, FlagState, bool]]
    ) -> None:
        """Ids, kinds, band and priority do not depend on the way to them."""
        alert: Alert | None = None
        now: dict[str, Flag] = {}
        for name, band, state, retrospective in steps:
            now[name] = flag(name, band=band, state=state, retrospective=retrospective)
            decision = conclude(*now.values(), previous=alert)
            if decision.transition is not None:
                assert decision.alert is not None
                assert decision.transition.seq == (alert.seq if alert else 0) + 1
            alert = decision.alert
        at_once = conclude(*now.values()).alert
        assert _conclusion(alert) == _conclusion(at_once)


def _conclusion(alert: Alert | None) -> object:
    if alert is None or not alert.flag_ids:
        return None
    return (alert.alert_id, alert.flag_ids, alert.kinds, alert.band, alert.priority, alert.level)
