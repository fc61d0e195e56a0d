"""Everything about a batch, in one transaction: reports, incidents, cube, flags, alerts, position.

The stages are pure (`processing.locate`, `fuse`, `rules`, `alerts` and the steps between them in
`processing.batch`); this module reads for them and writes what they conclude. What it concludes is
a function of the set of stored reports: neither order nor cuts between batches matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from processing.batch import alerts, flags, incidents
from processing.batch.account import Account
from processing.batch.assess import assess
from processing.batch.contents import Contents
from processing.batch.cube import Seen
from processing.batch.intake import CONFLICT, Arrival, Sifted, Turnover, sift, turnovers
from processing.batch.placing import known_near, placed_rows
from processing.batch.rows import ChangeRow, DeadLetterRow, ReportRow, counting
from processing.batch.scene import Moves, moves, rows_of, scene
from processing.batch.stores import ReportStore, Stores
from processing.batch.telling import Link
from processing.batch.world import World, WorldCache
from processing.engine.batch import Batch, SetAside
from processing.fuse.columns import Regrouped
from processing.fuse.regroup import regroup
from processing.fuse.summary import Member
from schemas.clock import Clock, from_micros, to_micros

Transaction = Callable[[], AbstractContextManager[Stores]]
Checkpoint = Callable[[str], None]

_NOTHING = Regrouped(groups={}, days={}, gone={})


def no_checkpoint(_name: str) -> None:
    """Pass every named point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The reports of a batch: what to store of them and what they change.

    `near` is what is known already of what lies near them, by report_id.
    """

    rows: tuple[ReportRow, ...]
    sifted: Sifted
    turnovers: tuple[Turnover, ...]
    near: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """Who is fused with whom, with the rows of everyone in a changed group."""

    regrouped: Regrouped
    rows: Mapping[str, ReportRow]

    def incident_of(self) -> dict[str, str]:
        """Return the incident of each root in a changed group."""
        return {
            root: incident_id
            for incident_id, roots in self.regrouped.groups.items()
            for root in roots
        }


class Pipeline:
    """The stage of the micro-batch engine. Not for two threads at once."""

    def __init__(
        self,
        transaction: Transaction,
        zone: ZoneInfo,
        *,
        clock: Clock,
        link: Link,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        self._transaction = transaction
        self._zone = zone
        self._link = link
        self._clock = clock
        self._checkpoint = checkpoint
        self._world = WorldCache()
        self._contents = Contents()

    def __call__(self, batch: Batch[Account]) -> None:
        """Store a batch whole, or raise and store nothing of it. Durable when it returns."""
        with self._transaction() as stores:
            self._store(stores, batch)
            self._checkpoint("batch.before_commit")
        self._checkpoint("batch.after_commit")
        self._contents.shrink()

    def _store(self, stores: Stores, batch: Batch[Account]) -> None:
        """Conclude and write, in this order.

        1. records set aside, and reports that lost a conflict
        2. reports: losers removed, former revisions retired, new ones added
        3. incidents: history, ids that point on, new revisions; members that moved
        4. the activity cube
        5. flags, with history
        6. alerts, ids that point on, their ledger, deliveries
        7. the changes feed
        8. the positions; the whole batch fails when another worker has moved one
        """
        world = self._world.of(stores.world)
        now = self._now(batch)
        now_us = to_micros(now)
        taken = self._take_in(stores.reports, batch, world)
        fused = self._fuse(stores.reports, moves(taken.turnovers, self._contents))
        composed = self._compose(fused, world, taken.near)
        found = _incidents(stores, fused, composed, now)
        dead = _dead_letters(batch, taken.sifted, now_us)
        stores.reports.set_aside(dead)
        _write_reports(stores.reports, taken, fused)
        _write_incidents(stores, found)
        self._checkpoint("batch.inside")
        flagged, asked = self._assess(stores, found, world, now)
        stores.log.keep(flagged.history)
        stores.flags.write(flagged.rows)
        rung = alerts.conclude(stores, asked, world.locator, link=self._link, now=now)
        stores.alerts.write(rung.rows)
        stores.alerts.point_on(rung.redirects, returned=rung.returned)
        stores.alerts.append(rung.transitions)
        stores.alerts.tell(rung.deliveries)
        stores.log.announce([*map(_announced, dead), *_changes(found, flagged, rung, now_us)])
        stores.log.move(batch.stretches)

    def _now(self, batch: Batch[Account]) -> datetime:
        """Return when the batch's last report was received: no stage reads a clock of its own."""
        if not batch.records:
            return self._clock.now()
        return from_micros(max(one.message.received_us for one in batch.records))

    def _assess(
        self, stores: Stores, found: incidents.IncidentChanges, world: World, now: datetime
    ) -> tuple[flags.FlagChanges, alerts.Asked]:
        """Run the rules over what changed; return the flags and the alerts to look at again."""
        assessed = assess(stores, world, found.touched)
        flagged = flags.changes(assessed.drafted, assessed.stored(), now=now)
        keys = assessed.alert_keys()
        asked = {alert_id: keys[alert_id] for alert_id in flagged.alert_ids & keys.keys()}
        return flagged, alerts.Asked(alert_ids=flagged.alert_ids, keys=asked)

    def _take_in(self, store: ReportStore, batch: Batch[Account], world: World) -> Taken:
        """Find out what is new, place it, and see which revision of each root counts now."""
        stored = store.of_roots({one.message.key[0] for one in batch.records})
        sifted = sift(batch.records, stored)
        rows = placed_rows(sifted.new, self._zone, world.locator)
        for one in sifted.new:
            self._contents.add(one.message)
        return Taken(
            rows=tuple(rows),
            sifted=sifted,
            turnovers=tuple(turnovers(rows, stored, sifted.displaced)),
            near=known_near(sifted.new, world.locator),
        )

    def _fuse(self, store: ReportStore, moved: Moves) -> Fused:
        """Fuse what changed among the reports of its days."""
        lost = moved.lost()
        if not moved.changed and not lost:
            return Fused(regrouped=_NOTHING, rows={})
        days = store.of_days(moved.days())
        self._read_contents(store, [row for day in days.values() for row in day.unread()])
        found = scene(days, moved, self._contents)
        regrouped = regroup(
            found.columns, standing=found.standing, changed=found.changed, lost=lost
        )
        rows = rows_of(regrouped, days, moved)
        self._read_contents(store, rows.values())
        return Fused(regrouped=regrouped, rows=rows)

    def _read_contents(self, store: ReportStore, rows: Iterable[ReportRow]) -> None:
        missing = self._contents.missing(rows)
        self._contents.take_in(missing, store.bodies([row.report_id for row in missing]))

    def _compose(self, fused: Fused, world: World, near: Mapping[str, bytes]) -> list[Seen]:
        rows, content_of = fused.rows, self._contents.of
        groups = [
            [Member(content_of(row), row) for row in map(rows.__getitem__, roots)]
            for roots in fused.regrouped.groups.values()
        ]
        return incidents.compose(groups, world.locator, known_near=near)


def _incidents(
    stores: Stores, fused: Fused, composed: list[Seen], now: datetime
) -> incidents.IncidentChanges:
    groups, gone = fused.regrouped.groups, fused.regrouped.gone
    stored = {row.incident_id: row for row in stores.incidents.of_ids({*groups, *gone})}
    return incidents.changes(
        composed,
        gone,
        stored,
        given_up=stores.incidents.last_revisions(groups.keys() - stored.keys()),
        now_us=to_micros(now),
    )


def _write_reports(store: ReportStore, taken: Taken, fused: Fused) -> None:
    incident_of = fused.incident_of()
    current = {one.after.report_id for one in taken.turnovers}
    displaced = {row.report_id for row in taken.sifted.displaced}
    store.remove(displaced)
    former = [one.before.report_id for one in taken.turnovers if one.before is not None]
    store.retire([report_id for report_id in former if report_id not in displaced])
    store.add(
        [
            counting(row, incident_of.get(row.root_id)) if row.report_id in current else row
            for row in taken.rows
        ]
    )
    fresh = {row.root_id for row in taken.rows if row.report_id in current}
    store.join(
        [
            counting(fused.rows[root], incident_id)
            for root, incident_id in incident_of.items()
            if root not in fresh and fused.rows[root].incident_id != incident_id
        ]
    )


def _write_incidents(stores: Stores, found: incidents.IncidentChanges) -> None:
    stores.log.keep(found.history)
    stores.incidents.give_up(found.redirects)
    stores.incidents.come_back(found.returned)
    stores.incidents.write(found.rows)
    stores.cube.add(found.cube)


def _dead_letters(batch: Batch[Account], sifted: Sifted, now_us: int) -> list[DeadLetterRow]:
    return [
        *(_poison(one, now_us) for one in batch.set_aside),
        *(_loser(one, now_us) for one in sifted.refused),
        *(
            DeadLetterRow(
                row.node, row.position, CONFLICT, now_us, row.body, row.root_id, row.revision
            )
            for row in sifted.overruled
        ),
    ]


def _poison(one: SetAside[Account], now_us: int) -> DeadLetterRow:
    key = (None, None) if one.message is None else one.message.key
    node, sequence = one.record.first_at()
    return DeadLetterRow(
        partition=node,
        position=sequence,
        reason=one.reason,
        at=now_us,
        value=one.record.value,
        root_id=key[0],
        revision=key[1],
    )


def _loser(one: Arrival, now_us: int) -> DeadLetterRow:
    root_id, revision = one.message.key
    return DeadLetterRow(
        *one.record.first_at(),
        CONFLICT,
        now_us,
        one.record.value,
        root_id,
        revision,
    )


def _announced(dead: DeadLetterRow) -> ChangeRow:
    return ChangeRow("dead-letter", f"{dead.partition}:{dead.position}", 1, dead.at)


def _changes(
    found: incidents.IncidentChanges,
    flagged: flags.FlagChanges,
    rung: alerts.AlertChanges,
    now_us: int,
) -> list[ChangeRow]:
    gone = {one.old_id for one in found.redirects}
    return [
        *(
            ChangeRow("incident", row.entity_id, row.revision + 1, now_us)
            for row in found.history
            if row.entity_id in gone
        ),
        *(ChangeRow("incident", row.incident_id, row.revision, now_us) for row in found.rows),
        *(ChangeRow("flag", row.flag_id, row.revision, now_us) for row in flagged.rows),
        *(ChangeRow("alert", row.alert_id, row.seq, now_us) for row in rung.rows),
    ]
