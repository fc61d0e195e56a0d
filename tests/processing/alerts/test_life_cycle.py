from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from processing.alerts.life_cycle import Acted, Refusal, Refused, act, allowed, expire, is_open
from schemas.alert import TRANSITIONS, Alert, AlertAction, AlertState, Transition, TransitionKind
from schemas.codes.lists import code_list
from schemas.flag import Band
from tests.processing.alerts.flags import NOON, conclude, flag, raised

LATER = NOON + timedelta(minutes=7)


def do(alert: Alert, to_state: AlertState, **more: str) -> Acted | Refused:
    action = AlertAction(to_state=to_state, seq=alert.seq, **more)
    return act(alert, action, by="duty", now=LATER)


class TestAct:
    def test_who_acknowledges_owns_the_alert(self) -> None:
        done = do(raised(), AlertState.ACKNOWLEDGED)
        assert isinstance(done, Acted)
        assert done.alert.owner == "duty"
        assert done.alert.acknowledged_by == "duty"
        assert done.alert.acknowledged_at == LATER
        assert done.transition.kind is TransitionKind.ACKNOWLEDGED
        assert done.transition.seq == done.alert.seq == 2

    def test_the_first_answer_acknowledges_too(self) -> None:
        done = do(raised(), AlertState.RESPONSE_DECIDED)
        assert isinstance(done, Acted)
        assert done.alert.acknowledged_at == LATER
        assert done.transition.kind is TransitionKind.DECIDED

    def test_a_later_answer_keeps_the_first_acknowledgement(self) -> None:
        first = do(raised(), AlertState.ACKNOWLEDGED)
        assert isinstance(first, Acted)
        action = AlertAction(to_state=AlertState.ON_SCENE, seq=2)
        done = act(first.alert, action, by="patrol", now=LATER + timedelta(hours=1))
        assert isinstance(done, Acted)
        assert done.alert.acknowledged_at == LATER
        assert done.alert.owner == "duty"

    def test_a_stale_view_is_refused(self) -> None:
        action = AlertAction(to_state=AlertState.ACKNOWLEDGED, seq=0)
        done = act(raised(), action, by="duty", now=LATER)
        assert done == Refused(refusal=Refusal.STALE, allowed=TRANSITIONS[AlertState.RAISED])

    def test_a_step_that_the_table_lacks_is_refused_with_what_is_allowed(self) -> None:
        scene = do(raised(), AlertState.ON_SCENE)
        assert isinstance(scene, Acted)
        done = do(scene.alert, AlertState.ASSESSING)
        assert isinstance(done, Refused)
        assert done.refusal is Refusal.NOT_ALLOWED
        assert AlertState.RESOLVED in done.allowed

    @pytest.mark.parametrize("code", sorted(set(code_list("no_response_reason").codes) - {"OTHER"}))
    def test_no_response_needs_a_coded_reason(self, code: str) -> None:
        done = do(raised(), AlertState.CANNOT_RESPOND, reason=code)
        assert isinstance(done, Acted)
        assert done.transition.reason == code
        assert done.transition.kind is TransitionKind.DECIDED

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({}, Refusal.REASON_MISSING),
            ({"reason": "TOO_BUSY"}, Refusal.REASON_UNKNOWN),
            ({"reason": "OTHER"}, Refusal.NOTE_MISSING),
        ],
    )
    def test_no_response_without_a_usable_reason_is_refused(
        self, more: dict[str, str], refusal: Refusal
    ) -> None:
        done = do(raised(), AlertState.CANNOT_RESPOND, **more)
        assert isinstance(done, Refused)
        assert done.refusal is refusal

    def test_another_reason_with_a_note_will_do(self) -> None:
        done = do(raised(), AlertState.CANNOT_RESPOND, reason="OTHER", note="bridge is mined")
        assert isinstance(done, Acted)

    def test_a_reason_for_anything_else_is_refused(self) -> None:
        done = do(raised(), AlertState.RESOLVED, reason="NO_ASSET")
        assert isinstance(done, Refused)
        assert done.refusal is Refusal.REASON_UNASKED


class TestExpire:
    LIFETIME = timedelta(hours=48)

    def test_closes_what_nobody_acknowledged(self) -> None:
        done = expire(raised(), lifetime=self.LIFETIME, by="watch", now=NOON + self.LIFETIME)
        assert done is not None
        assert done.alert.state is AlertState.EXPIRED_UNANSWERED
        assert done.transition.kind is TransitionKind.EXPIRED

    def test_leaves_what_is_young_or_answered(self) -> None:
        late = NOON + self.LIFETIME
        young = late - timedelta(seconds=1)
        assert expire(raised(), lifetime=self.LIFETIME, by="watch", now=young) is None
        taken = do(raised(), AlertState.ACKNOWLEDGED)
        assert isinstance(taken, Acted)
        assert expire(taken.alert, lifetime=self.LIFETIME, by="watch", now=late) is None

    def test_an_expired_alert_can_still_be_answered(self) -> None:
        done = expire(raised(), lifetime=self.LIFETIME, by="watch", now=NOON + self.LIFETIME)
        assert done is not None
        assert isinstance(do(done.alert, AlertState.RESPONDING), Acted)


BANDS = st.sampled_from(Band)
STATES = st.sampled_from(AlertState)
REASONS = st.sampled_from((None, "NO_ASSET", "OTHER", "TOO_BUSY"))
NOTES = st.sampled_from((None, "seen"))


class AnyLife(RuleBasedStateMachine):
    """People, evidence and time act on one alert in any order."""

    @initialize(band=BANDS)
    def begin(self, band: Band) -> None:
        self.now = NOON
        self.alert = raised(flag(band=band))
        self.ledger: list[Transition] = []
        self.first_ack: object = None

    def _took(self, alert: Alert, transition: Transition | None) -> None:
        self.now += timedelta(minutes=5)
        before, self.alert = self.alert, alert
        if transition is None:
            assert alert == before
            return
        assert transition.from_state == before.state
        self.ledger.append(transition)

    @rule(state=STATES, reason=REASONS, note=NOTES)
    def a_person_acts(self, state: AlertState, reason: str | None, note: str | None) -> None:
        before = self.alert
        action = AlertAction(to_state=state, seq=before.seq, reason=reason, note=note)
        done = act(before, action, by="duty", now=self.now)
        if isinstance(done, Refused):
            assert done.allowed == allowed(before)
            return
        assert state in TRANSITIONS[before.state]
        assert done.alert.acknowledged_at is not None
        assert (state is AlertState.CANNOT_RESPOND) == (done.transition.reason is not None)
        self._took(done.alert, done.transition)

    @rule(bands=st.lists(BANDS, max_size=2), retrospective=st.booleans())
    def evidence_changes(self, bands: list[Band], *, retrospective: bool) -> None:
        flags = [
            flag(str(at), band=band, retrospective=retrospective) for at, band in enumerate(bands)
        ]
        told = self.alert.paged_band
        decision = conclude(*flags, previous=self.alert, now=self.now)
        assert decision.alert is not None
        if decision.page and flags and self.alert.flag_ids:
            assert not retrospective
            assert told is None or max(bands) > told
        self._took(decision.alert, decision.transition)

    @rule(hours=st.sampled_from((1, 60)))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        done = expire(self.alert, lifetime=timedelta(hours=48), by="watch", now=self.now)
        if done is not None:
            self._took(done.alert, done.transition)

    @invariant()
    def the_ledger_has_no_gap(self) -> None:
        steps = [transition.seq for transition in self.ledger]
        assert steps == list(range(2, 2 + len(steps)))
        assert self.alert.seq == 1 + len(steps)

    @invariant()
    def the_ledger_leads_to_the_state(self) -> None:
        state = AlertState.RAISED
        for transition in self.ledger:
            assert transition.from_state == state
            state = transition.to_state
        assert self.alert.state is state

    @invariant()
    def an_open_alert_has_evidence(self) -> None:
        if is_open(self.alert):
            assert self.alert.flag_ids

    @invariant()
    def an_answered_alert_has_an_owner(self) -> None:
        if self.alert.acknowledged_at is not None:
            assert self.alert.owner is not None


AnyLife.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestAnyLife = AnyLife.TestCase
