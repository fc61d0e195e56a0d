"""Kill the processes of a box at seeded points while reports come in, and see that nothing shows.

The points are counted in answered 202s. Eight are named places in the code where a process kills
itself; at the others door, desk or both are killed from outside. One body for the test and for
the longer campaign (`make campaign`).
"""

from __future__ import annotations

import os
import random
import signal
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.box import stepped_clock
from deploy.database import database_of
from deploy.demo.generator import Planned
from deploy.kafka.broker import Cluster
from deploy.postgresql.server import Server
from processing.adapters.sql.state_hash import dump
from tests.support.box import RunningBox, make_box, wait_for
from tests.support.field import Field
from tests.support.receiver import SECRET, Receiver, receiving
from tests.support.replaying import admitted, make_desk

NAMED = (
    ("door", "spool.before_fsync"),
    ("door", "spool.after_fsync"),
    ("desk", "batch.inside"),
    ("desk", "batch.before_commit"),
    ("desk", "batch.after_commit"),
    ("desk", "notify.before_post"),
    ("desk", "notify.after_post"),
    ("desk", "notify.after_mark"),
)
OUTSIDE = (("door",), ("desk",), ("door", "desk"))
BROKER = ("kafka",)
# Its server stops as in a power cut; its connections end as on a network that breaks.
DATABASE, CONNECTIONS = ("postgresql",), ("connections",)
# While the last kill is handled so many more reports are on their way.
_MARGIN = 12
_DIES_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One point: after so many 202s, who dies, and at which named place (None: from outside)."""

    after: int
    victims: tuple[str, ...]
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run under kills led to, beside the same reports undisturbed.

    `differing` are the conclusions (lines of `dump`, over which state-hash goes) of one run alone.
    """

    kills: int
    with_work_in_flight: int
    differing: tuple[str, ...]
    lost: tuple[tuple[str, int], ...]
    out_of_order: tuple[str, ...]
    untold: tuple[str, ...]
    unverified: int


def nothing_shows(outcome: Outcome) -> bool:
    """See that nobody could tell that anything died: fails with what shows."""
    assert outcome.lost == ()
    assert outcome.untold == ()
    assert outcome.out_of_order == ()
    assert outcome.unverified == 0
    assert outcome.differing == ()
    return True


def schedule(seed: int, *, reports: int, outside: int) -> list[Kill]:
    """Return the kills of a seed, spread over the reports."""
    draw = random.Random(seed)
    points: list[tuple[tuple[str, ...], str | None]] = [((who,), name) for who, name in NAMED]
    points += [(draw.choice(OUTSIDE), None) for _ in range(outside)]
    draw.shuffle(points)
    step = reports / (len(points) + 1)
    return [
        Kill(after=int(step * (number + 1)) + draw.randint(0, 5), victims=victims, name=name)
        for number, (victims, name) in enumerate(points)
    ]


def run_under_kills(
    folder: Path,
    planned: Sequence[Planned],
    kills: Sequence[Kill],
    *,
    kafka: Cluster | None = None,
    postgresql: Server | None = None,
    workers: Sequence[str] = (),
    **settings: object,
) -> Outcome:
    """Send all reports while processes die, then compare with an undisturbed, embedded run.

    With Kafka, one of the victims may be its one node; with PostgreSQL, its server. `workers` are
    more processes beside the desk ("process-1").
    """
    if kafka is not None:
        settings["kafka_bootstrap"] = kafka.bootstrap
    if postgresql is not None:
        settings["database_url"] = postgresql.url()
    with receiving(folder / "rings.ndjson", secret=SECRET) as receiver:
        box = make_box(folder, receiver_url=receiver.url(), webhook_secret=SECRET, **settings)
        units = Field(
            url=box.url,
            keys=box.prepared.keys,
            clock=stepped_clock(box.settings),
            planned=planned,
        )
        box.start("door", "desk", *workers)
        units.start()
        try:
            busy = sum(
                _break(box, units, kill, postgresql)
                if kill.victims in {DATABASE, CONNECTIONS} and postgresql is not None
                else _kill(box, units, kill, kafka)
                for kill in kills
            )
            units.allow(len(planned))
            units.wait_answered(len(planned), within_s=300)
            box.settle()
        finally:
            units.close()
            box.stop()
        return _compare(folder, box, planned, units, receiver, kills=len(kills), busy=busy)


def _break(box: RunningBox, units: Field, kill: Kill, postgresql: Server) -> bool:
    """Take the database or the connections to it away while reports come in."""
    units.allow(kill.after + _MARGIN)
    units.wait_answered(kill.after, within_s=120)
    before = box.spooled()
    if kill.victims == CONNECTIONS:
        postgresql.disconnect()
    else:
        postgresql.stop(mode="immediate")
    # The units hear nothing of that.
    units.allow(kill.after + 2 * _MARGIN)
    units.wait_answered(kill.after + 2 * _MARGIN, within_s=120)
    postgresql.start()
    return box.spooled() > before


def _kill(box: RunningBox, units: Field, kill: Kill, kafka: Cluster | None) -> bool:
    """Carry out one kill and start again; say whether work was in flight."""
    if kill.victims == BROKER and kafka is not None:
        units.allow(kill.after + _MARGIN)
        units.wait_answered(kill.after, within_s=120)
        (node,) = kafka.nodes()
        os.kill(node.pid or 0, signal.SIGKILL)
        # It is away for some seconds, and the units hear nothing of that.
        units.allow(kill.after + 2 * _MARGIN)
        units.wait_answered(kill.after + 2 * _MARGIN, within_s=120)
        busy = bool(box.spooled() > box.processed())
        wait_for(
            lambda: kafka.nodes()[0].pid is None, within_s=_DIES_WITHIN_S, saying="the broker dies"
        )
        kafka.start()
        return busy
    if kill.name is not None:
        (victim,) = kill.victims
        box.kill(victim)
        box.start(victim, crash_at={victim: f"{kill.name}:1"})
    units.allow(kill.after + _MARGIN)
    if kill.name is None:
        units.wait_answered(kill.after, within_s=120)
        box.kill(*kill.victims)
    else:
        victim = kill.victims[0]
        _feed_until_dead(box, units, victim, kill)
    busy = bool(units.in_flight() or box.spooled() > box.processed() or box.undelivered())
    box.start(*kill.victims)
    return busy


def _feed_until_dead(box: RunningBox, units: Field, victim: str, kill: Kill) -> None:
    """Let more reports go until the victim has passed its point: not every batch rings anyone."""
    allowed = kill.after + _MARGIN

    def is_dead() -> bool:
        nonlocal allowed
        if box.is_dead(victim):
            return True
        if units.in_flight() == 0 and box.spooled() == box.processed():
            allowed += _MARGIN
            units.allow(allowed)
        return False

    try:
        wait_for(is_dead, within_s=_DIES_WITHIN_S, saying=f"{victim} dies at {kill.name}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{box.tail()}") from error
    box.kill(victim)


def _compare(
    folder: Path,
    box: RunningBox,
    planned: Sequence[Planned],
    units: Field,
    receiver: Receiver,
    *,
    kills: int,
    busy: int,
) -> Outcome:
    stored = {
        (str(root), int(str(rev)))
        for root, rev in box.rows("SELECT root_id, revision FROM reports")
    }
    told = {
        (str(alert), int(str(seq)))
        for alert, seq in box.rows("SELECT alert_id, seq FROM deliveries")
    }
    rings = receiver.rings()
    heard: dict[str, list[int]] = defaultdict(list)
    for ring in rings:
        seq, alert = int(ring.data["seq"]), str(ring.data["alert_id"])
        if seq not in heard[alert]:
            heard[alert].append(seq)
    database = database_of(box.settings)
    try:
        return Outcome(
            kills=kills,
            with_work_in_flight=busy,
            differing=_differing(set(dump(database.read)), _undisturbed(folder, planned)),
            lost=tuple(sorted(set(units.answered) - stored)),
            out_of_order=tuple(alert for alert, seqs in heard.items() if seqs != sorted(seqs)),
            untold=tuple(
                f"{alert} {seq}" for alert, seq in sorted(told) if seq not in heard[alert]
            ),
            unverified=sum(not ring.verified for ring in rings),
        )
    finally:
        database.engine.dispose()


def _undisturbed(folder: Path, planned: Sequence[Planned]) -> set[bytes]:
    calm = folder / "calm"
    calm.mkdir()
    desk = make_desk(calm, start=planned[0].send_at)
    desk.store(admitted(planned, desk.bundle), batch_size=100)
    found = set(dump(desk.database.read))
    desk.database.engine.dispose()
    return found


def _differing(disturbed: set[bytes], undisturbed: set[bytes]) -> tuple[str, ...]:
    """Return the conclusions of one run alone, marked as a diff does."""
    return (
        *(f"- {line.decode()}" for line in sorted(undisturbed - disturbed)),
        *(f"+ {line.decode()}" for line in sorted(disturbed - undisturbed)),
    )
