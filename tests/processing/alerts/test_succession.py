from __future__ import annotations

from datetime import timedelta

import pytest

from processing.alerts.correlate import AlertKey, Decision
from processing.alerts.life_cycle import Acted, act
from processing.alerts.succession import roots_of, succeed
from schemas.alert import Alert, AlertAction, AlertState, TransitionKind
from schemas.flag import Band, Evidence, Flag
from tests.processing.alerts.flags import DAY, KEY, NOON, conclude, flag, raised

NEXT_COUNTY = AlertKey(place_key="SS0102", actor_class="ARMED_GROUP", day=DAY)
LATER = NOON + timedelta(hours=1)


def resting_on(*roots: str, band: Band = Band.MEDIUM, name: str = "a") -> Flag:
    reports = tuple((root, 1) for root in roots)
    return flag(name, band=band, evidence=(Evidence(incident_id="i", reports=reports),))


def moved(old: Alert, *flags: Flag, roots: tuple[str, ...] = ("r1", "r2")) -> list[Decision]:
    """Conclude that an alert lost its evidence, and that its flags are in the next county now."""
    gone = conclude(previous=old, now=LATER)
    new = conclude(*flags, key=NEXT_COUNTY, now=LATER)
    assert new.alert is not None
    return succeed(
        [gone, new],
        previous={old.alert_id: old},
        roots={old.alert_id: frozenset(roots), new.alert.alert_id: roots_of(flags)},
    )


def answered(alert: Alert, state: AlertState) -> Alert:
    done = act(alert, AlertAction(to_state=state, seq=alert.seq), by="duty", now=NOON)
    assert isinstance(done, Acted)
    return done.alert


def test_the_new_alert_takes_over_owner_and_acknowledgement_and_does_not_ring() -> None:
    old = answered(raised(resting_on("r1")), AlertState.ACKNOWLEDGED)
    gone, new = moved(old, resting_on("r2", "r3"))
    assert new.alert is not None
    assert not new.page
    assert (new.alert.owner, new.alert.state) == ("duty", AlertState.ACKNOWLEDGED)
    assert new.alert.acknowledged_at == NOON
    assert new.alert.paged_band is Band.MEDIUM
    assert gone.alert is not None
    assert gone.transition is not None
    assert gone.alert.replaced_by == new.alert.alert_id
    assert gone.transition.kind is TransitionKind.REPLACED
    assert gone.page


def test_a_clock_that_runs_goes_on_running() -> None:
    old = raised(resting_on("r1"))
    _, new = moved(old, resting_on("r1"))
    assert new.alert is not None
    assert new.alert.ack_due_at == old.ack_due_at


def test_what_people_closed_stays_closed() -> None:
    old = answered(raised(resting_on("r1")), AlertState.FALSE_ALARM)
    _, new = moved(old, resting_on("r1"))
    assert new.alert is not None
    assert new.transition is not None
    assert new.alert.state is new.transition.to_state is AlertState.FALSE_ALARM
    assert not new.page


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.FALSE_ALARM])
def test_a_higher_band_rings(state: AlertState) -> None:
    old = answered(raised(resting_on("r1")), state)
    _, new = moved(old, resting_on("r1", band=Band.CRITICAL))
    assert new.page
    assert new.alert is not None
    closed = state is AlertState.FALSE_ALARM
    assert new.alert.state is (AlertState.RAISED if closed else AlertState.ACKNOWLEDGED)


def test_evidence_that_shares_no_report_takes_nothing_over() -> None:
    old = answered(raised(resting_on("r1")), AlertState.ACKNOWLEDGED)
    gone, new = moved(old, resting_on("r9"))
    assert new.page
    assert new.alert is not None
    assert new.alert.owner is None
    assert gone.transition is not None
    assert gone.transition.kind is TransitionKind.WITHDRAWN


def test_the_one_that_shares_most_reports_is_the_heir() -> None:
    old = raised(resting_on("r1", "r2", "r3"))
    less = conclude(resting_on("r1"), key=NEXT_COUNTY, now=LATER)
    other = AlertKey(place_key="SS0201", actor_class="ARMED_GROUP", day=DAY)
    most = conclude(resting_on("r2", "r3"), key=other, now=LATER)
    roots = {
        KEY.alert_id: frozenset({"r1", "r2", "r3"}),
        NEXT_COUNTY.alert_id: frozenset({"r1"}),
        other.alert_id: frozenset({"r2", "r3"}),
    }
    gone = conclude(previous=old, now=LATER)
    decisions = succeed([less, most, gone], previous={old.alert_id: old}, roots=roots)
    assert [one.page for one in decisions] == [True, False, True]
    assert decisions[2].alert is not None
    assert decisions[2].alert.replaced_by == other.alert_id
