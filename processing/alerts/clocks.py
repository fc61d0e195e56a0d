"""Service levels: how soon an alert of some priority is acknowledged, decided and answered.

All are defaults of the mission's configuration; times are on the mission clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from schemas.alert import Alert, AlertState

_SECTOR_DUTY = "sector duty officer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What is promised for one priority. `escalate_to` is who hears of a late answer, in order."""

    name: str
    acknowledge: timedelta
    decide: timedelta
    feedback: timedelta
    escalate_to: tuple[str, ...]


_CRITICAL = ServiceLevel(
    name="CRITICAL",
    acknowledge=timedelta(minutes=10),
    decide=timedelta(minutes=30),
    feedback=timedelta(minutes=60),
    escalate_to=(_SECTOR_DUTY, "sector commander", "JOC chief", "force commander"),
)
_HIGH = ServiceLevel(
    name="HIGH",
    acknowledge=timedelta(minutes=30),
    decide=timedelta(hours=2),
    feedback=timedelta(hours=6),
    escalate_to=(_SECTOR_DUTY, "JOC chief"),
)
_MEDIUM = ServiceLevel(
    name="MEDIUM",
    acknowledge=timedelta(hours=4),
    decide=timedelta(hours=24),
    feedback=timedelta(hours=72),
    escalate_to=("JOC shift lead",),
)
# "Next shift": shifts are twelve hours.
_LOW = ServiceLevel(
    name="LOW",
    acknowledge=timedelta(hours=12),
    decide=timedelta(hours=72),
    feedback=timedelta(days=7),
    escalate_to=(),
)

# Priorities are bands with adjustments: 4 and 5 are critical.
SERVICE_LEVELS: Mapping[int, ServiceLevel] = MappingProxyType(
    {1: _LOW, 2: _MEDIUM, 3: _HIGH, 4: _CRITICAL, 5: _CRITICAL}
)


def ack_due_at(priority: int, *, since: datetime) -> datetime:
    """Return when an alert that rang at some time must be acknowledged."""
    return since + SERVICE_LEVELS[priority].acknowledge


def decide_due_at(alert: Alert) -> datetime:
    """Return when a decision on an alert must be recorded."""
    return alert.raised_at + SERVICE_LEVELS[alert.priority].decide


def is_ack_overdue(alert: Alert, *, now: datetime) -> bool:
    """Say whether nobody acknowledged an alert in time. Without a clock it is never late."""
    waiting = alert.state is AlertState.RAISED and alert.ack_due_at is not None
    return waiting and alert.ack_due_at is not None and now > alert.ack_due_at
