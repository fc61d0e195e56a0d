"""What the pipeline asks of the store, inside one transaction. The SQL edge answers it.

Reads see what the same transaction has written. Nothing is durable until the transaction that
gave these stores has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from processing.batch.day_scene import DayScene
from processing.batch.rows import (
    AlertRow,
    ChangeRow,
    CubeRow,
    DeadLetterRow,
    DeliveryRow,
    FlagRow,
    HistoryRow,
    IncidentRow,
    RedirectRow,
    ReportRow,
    TransitionRow,
)
from processing.engine.batch import Stretch
from processing.rules.window import (
    CubeColumns,
    CubeWindow,
    FlagRange,
    IncidentColumns,
    IncidentWindow,
)
from schemas.delivery import Endpoint
from schemas.layer import Feature
from schemas.rule import Rule


class ReportStore(Protocol):
    """Reports, and records that could not become one."""

    def of_roots(self, root_ids: Collection[str]) -> list[ReportRow]:
        """Return every stored revision of some roots."""

    def of_days(self, days: Collection[int]) -> Mapping[int, DayScene]:
        """Return the current, fusible reports of some days, in the order in which they are given.

        They are those of the moment: what is written later in the transaction changes them.
        """

    def bodies(self, report_ids: Collection[str]) -> dict[str, bytes]:
        """Return the bodies of some reports by their id."""

    def remove(self, report_ids: Collection[str]) -> None:
        """Remove reports that lost a conflict."""

    def retire(self, report_ids: Collection[str]) -> None:
        """Mark reports as no longer current and in no incident."""

    def add(self, rows: Sequence[ReportRow]) -> None:
        """Insert new reports."""

    def join(self, rows: Sequence[ReportRow]) -> None:
        """Store which incident stored reports are in now, and that they count."""

    def set_aside(self, rows: Sequence[DeadLetterRow]) -> None:
        """Keep records that could not be processed; one that is there already stays."""


class IncidentStore(Protocol):
    """Incidents, and the ids that point on."""

    def of_ids(self, incident_ids: Collection[str]) -> list[IncidentRow]:
        """Return some incidents, retracted ones too."""

    def of_windows(self, windows: Sequence[IncidentWindow]) -> IncidentColumns:
        """Return the live incidents (not retracted, no exercise) in any of some windows.

        Each once, in order of (day, incident_id). Bodies may be read when they are looked at, so
        they are those of this transaction.
        """

    def last_revisions(self, incident_ids: Collection[str]) -> dict[str, int]:
        """Return the last revision of ids that were given up before."""

    def write(self, rows: Sequence[IncidentRow]) -> None:
        """Insert or replace incidents."""

    def come_back(self, incident_ids: Collection[str]) -> None:
        """Let ids that pointed on stand for themselves again."""

    def give_up(self, rows: Sequence[RedirectRow]) -> None:
        """Remove incidents and point their ids on."""


class CubeStore(Protocol):
    """The activity cube."""

    def add(self, rows: Sequence[CubeRow]) -> None:
        """Add to rows of the cube (also less than nothing); a row of zeros disappears."""

    def of_windows(self, windows: Sequence[CubeWindow]) -> CubeColumns:
        """Return the sums per (adm2, day, event_class) in some windows; more is right too."""


class FlagStore(Protocol):
    """Flags."""

    def of_ranges(self, ranges: Collection[FlagRange]) -> list[FlagRow]:
        """Return the flags, withdrawn ones too, in some ranges."""

    def of_ids(self, flag_ids: Collection[str]) -> list[FlagRow]:
        """Return some flags, withdrawn ones too."""

    def of_alerts(self, alert_ids: Collection[str]) -> list[FlagRow]:
        """Return the raised flags of some alerts, in order of (alert_id, flag_id)."""

    def write(self, rows: Sequence[FlagRow]) -> None:
        """Insert or replace flags."""


class AlertStore(Protocol):
    """Alerts, their ledger, and who must be told."""

    def of_ids(self, alert_ids: Collection[str]) -> list[AlertRow]:
        """Return some alerts."""

    def last_number(self) -> int:
        """Return the highest number given to an alert so far, 0 for none."""

    def write(self, rows: Sequence[AlertRow]) -> None:
        """Insert or replace alerts."""

    def point_on(self, rows: Sequence[RedirectRow], *, returned: Collection[str]) -> None:
        """Point the ids of replaced alerts on; those of `returned` stand for themselves again."""

    def append(self, rows: Sequence[TransitionRow]) -> None:
        """Append to the ledger."""

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that are in service."""

    def told(self, alert_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Return which endpoints were told of some alerts, or of those they replace, before."""

    def tell(self, rows: Sequence[DeliveryRow]) -> None:
        """Queue deliveries."""


class WorldStore(Protocol):
    """What the mission configured: layers and rules."""

    def version(self) -> str:
        """Return a text that changes with every change of a layer or of the active rules."""

    def features(self) -> list[Feature]:
        """Return all features of all layers."""

    def rules(self) -> list[Rule]:
        """Return the active rules, in order of rule_id."""


class LogStore(Protocol):
    """What tells how things came about: superseded revisions, the changes feed, positions."""

    def keep(self, rows: Sequence[HistoryRow]) -> None:
        """Keep superseded revisions."""

    def announce(self, rows: Sequence[ChangeRow]) -> None:
        """Append to the changes feed."""

    def move(self, stretches: Sequence[Stretch]) -> None:
        """Move partitions from the start to the end of a stretch each, or raise FencedError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that one transaction reads and writes."""

    reports: ReportStore
    incidents: IncidentStore
    cube: CubeStore
    flags: FlagStore
    alerts: AlertStore
    world: WorldStore
    log: LogStore
