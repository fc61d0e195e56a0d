"""What the door's routes work with, put together by `deploy`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.credentials import KeyRing
from ingest.gazetteer import Gazetteer
from ingest.limits import IntakeLimits
from ingest.metrics import IntakeMetrics
from ingest.receipts import Receipts
from ingest.spool import Spool
from schemas.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The parts of one door. `clock` is the mission's: it sets `received_at`.

    `gazetteer` gives the present one; what it returns is never changed, only replaced.
    """

    node: str
    spool: Spool
    keys: KeyRing
    gazetteer: Callable[[], Gazetteer]
    clock: Clock
    receipts: Receipts
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    metrics: IntakeMetrics = field(default_factory=IntakeMetrics.unpublished)
