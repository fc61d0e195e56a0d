from __future__ import annotations

from datetime import timedelta

import pytest

from processing.alerts.clocks import SERVICE_LEVELS, ack_due_at, decide_due_at, is_ack_overdue
from schemas.alert import AlertState
from schemas.flag import Band
from tests.processing.alerts.flags import NOON, flag, raised


@pytest.mark.parametrize(
    ("priority", "minutes"), [(5, 10), (4, 10), (3, 30), (2, 240), (1, 12 * 60)]
)
def test_the_higher_the_priority_the_sooner_it_is_acknowledged(priority: int, minutes: int) -> None:
    assert ack_due_at(priority, since=NOON) == NOON + timedelta(minutes=minutes)


def test_every_priority_has_a_level_that_is_no_looser_than_the_one_below() -> None:
    for lower, higher in zip(range(1, 5), range(2, 6), strict=True):
        low, high = SERVICE_LEVELS[lower], SERVICE_LEVELS[higher]
        assert high.acknowledge <= low.acknowledge <= low.decide <= low.feedback
        assert len(high.escalate_to) >= len(low.escalate_to)


def test_a_decision_is_due_after_its_acknowledgement() -> None:
    alert = raised(flag(band=Band.HIGH))
    assert decide_due_at(alert) == NOON + timedelta(hours=2)


def test_an_alert_is_late_once_its_time_is_over_and_nobody_took_it() -> None:
    alert = raised(flag(band=Band.HIGH))
    assert not is_ack_overdue(alert, now=NOON + timedelta(minutes=30))
    assert is_ack_overdue(alert, now=NOON + timedelta(minutes=31))
    taken = alert.model_copy(update={"state": AlertState.ACKNOWLEDGED})
    assert not is_ack_overdue(taken, now=NOON + timedelta(hours=9))


def test_an_alert_that_never_rang_is_never_late() -> None:
    alert = raised(flag(retrospective=True))
    assert not is_ack_overdue(alert, now=NOON + timedelta(days=9))
