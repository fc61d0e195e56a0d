"""What happens to a mission of ten processes while it works: kills, outages, an upgrade.

One body for the tests and for the longer campaign (`make campaign`).
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin
from deploy.postgresql.server import Server
from deploy.settings import Settings
from schemas.topics import REPORTS
from tests.support.box import wait_for
from tests.support.house import (
    EVERYBODY,
    INGEST,
    RUBBISH,
    House,
    differing,
    house,
    posts_of,
)
from tests.support.kafka import limit_records
from tests.support.load import Kind, Post

# While a kill is awaited so many more posts are on their way.
_MARGIN = 150
_DONE_WITHIN_S = 600.0
# In one run of these lengths no unit notices anything.
RATE = 500.0
_CALM_S = 2.0
_AWAY_S, _BETWEEN_S = 2.0, 0.5
_LOOK_EVERY_S = 0.2
_SMALL_BYTES, _LARGE_TEXT = 6_000, 7_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is at the end, beside what the ledger says was taken."""

    reports: int
    shares: tuple[float, ...]
    lost: tuple[tuple[str, int], ...]
    never_sent: tuple[tuple[str, int], ...]
    not_refused: tuple[str, ...]
    rubbish: int
    letters: dict[bytes, int]
    letters_told: dict[bytes, int]
    untold: tuple[str, ...]
    told_under_two_ids: tuple[str, ...]
    unverified: int
    requests: int
    answered_later: int
    unanswered: int

    def shown(self) -> list[str]:
        """Return what somebody could notice of what happened: nothing."""
        wrong = {
            "lost": self.lost,
            "never sent": self.never_sent,
            "not refused": self.not_refused,
            "not told": self.untold,
            "told under two ids": self.told_under_two_ids,
            "not verified": self.unverified,
            "set aside more than once": [n for n in self.letters.values() if n != 1],
            "set aside, or not": len(self.letters) - self.rubbish,
            "not on the topic of dead letters": set(self.letters) ^ set(self.letters_told),
        }
        return [f"{what}: {value}" for what, value in wrong.items() if value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """A run under kills. `differing`: conclusions that the same topic leads to here or elsewhere
    alone. `without_lag`: kills that fell while nothing waited."""

    found: Found
    pids: dict[str, int]
    kills: tuple[str, ...]
    without_lag: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffered:
    """A run through outages. `drained` are reports a second that were stored after each."""

    found: Found
    drained: tuple[float, ...]
    refused_by_broker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """A rolling restart: how each process ended, and how long it took to."""

    found: Found
    codes: dict[str, int]
    took_s: dict[str, float]


def run_under_kills(
    folder: Path, *, reports: int, kills: int, seed: int, kafka: Cluster, postgresql: Server
) -> Killed:
    """Send reports while processes are killed, each while reports wait."""
    posts = posts_of(reports, seed=seed)
    draw = random.Random(f"{seed}:kills")
    with house(folder, posts, kafka=kafka, postgresql=postgresql) as here:
        pids = {name: process.pid for name, process in here.box.processes.items()}
        print("pids", pids, flush=True)
        killed: list[str] = []
        without_lag = 0
        step, total = len(posts) // (kills + 1), round(reports * RUBBISH)
        for number in range(kills):
            point = step * (number + 1)
            here.load.allow(point + _MARGIN)
            _wait_answered(here, point)
            here.put_rubbish(total * (number + 1) // kills - total * number // kills, seed=seed)
            without_lag += _wait_lag(here, point + _MARGIN) == 0
            victim = draw.choice(EVERYBODY)
            here.box.kill(victim)
            killed.append(victim)
            here.box.start(victim)
        here.load.allow(len(posts))
        _wait_answered(here, len(posts))
        here.load.close()
        here.settle()
        return Killed(
            found=_found(here),
            pids=pids,
            kills=tuple(killed),
            without_lag=without_lag,
            differing=differing(folder, here),
        )


def run_through_outages(
    folder: Path,
    *,
    posts: Sequence[Post],
    kafka: Cluster,
    postgresql: Server,
    paused_s: float,
    refused_s: float,
    stops: int,
    disconnections: int,
    with_one_too_large: bool,
) -> Suffered:
    """Send 500 reports a second while the broker, then both, then the database go away.

    The broker is paused, if for any time, then killed and away for so long; PostgreSQL stops as in
    a power cut, half of the times while the broker is away, and its connections end. At the end, if
    asked for, the broker will not have one record, until it does.
    """
    with house(
        folder, posts, kafka=kafka, postgresql=postgresql, rate=RATE, connections=48
    ) as here:
        here.load.allow(sys.maxsize)
        time.sleep(_CALM_S)
        drained = (
            *([_broker_paused(here, for_s=paused_s)] if paused_s else []),
            _broker_away(here, for_s=refused_s, stops=stops - stops // 2),
            _database_trouble(here, stops=stops // 2, disconnections=disconnections),
        )
        here.load.enough()
        here.settle()
        refused = _one_too_large(here, kafka) if with_one_too_large else 0
        return Suffered(found=_found(here), drained=drained, refused_by_broker=refused)


def _broker_paused(here: House, *, for_s: float) -> float:
    (node,) = here.kafka.nodes()
    os.kill(node.pid or 0, signal.SIGSTOP)
    try:
        time.sleep(for_s)
    finally:
        os.kill(node.pid or 0, signal.SIGCONT)
    return _drain(here, f"after a pause of {for_s:g} s")


def _broker_away(here: House, *, for_s: float, stops: int) -> float:
    """Kill the broker; meanwhile the database stops too, so many times."""
    (node,) = here.kafka.nodes()
    os.kill(node.pid or 0, signal.SIGKILL)
    began = time.monotonic()
    for number in range(stops):
        time.sleep(max(0.0, began + for_s * (number + 0.5) / stops - time.monotonic()))
        _stop_database(here)
    time.sleep(max(0.0, began + for_s - time.monotonic()))
    here.kafka.start()
    return _drain(here, f"after {for_s:g} s without a broker")


def _database_trouble(here: House, *, stops: int, disconnections: int) -> float:
    """End all connections so many times, and stop the database now and then."""
    for number in range(disconnections):
        here.postgresql.disconnect()
        time.sleep(_BETWEEN_S)
        if number * stops // disconnections != (number + 1) * stops // disconnections:
            _stop_database(here)
    return _drain(here, f"after {disconnections} times without connections")


def run_without_one_of_three(
    folder: Path, *, posts: Sequence[Post], kafka: Cluster, postgresql: Server, away_s: float
) -> Suffered:
    """Send 500 reports a second while one of three brokers is killed and comes back."""
    with house(
        folder, posts, kafka=kafka, postgresql=postgresql, rate=RATE, connections=48
    ) as here:
        here.load.allow(sys.maxsize)
        time.sleep(_CALM_S)
        node = kafka.nodes()[-1]
        os.kill(node.pid or 0, signal.SIGKILL)
        time.sleep(away_s)
        drained = _drain(here, f"{away_s:g} s after one of three brokers died")
        kafka.start()
        drained_again = _drain(here, "when it is back")
        here.load.enough()
        here.settle()
        return Suffered(found=_found(here), drained=(drained, drained_again), refused_by_broker=0)


def run_rolling_restart(
    folder: Path,
    *,
    posts: Sequence[Post],
    kafka: Cluster,
    postgresql: Server,
    rate: float = RATE,
    parts: Sequence[str] = EVERYBODY,
) -> Rolled:
    """Stop processes in order and start each again, one after another, under reports."""
    codes: dict[str, int] = {}
    took_s: dict[str, float] = {}
    with house(
        folder, posts, kafka=kafka, postgresql=postgresql, rate=rate, connections=48
    ) as here:
        here.load.allow(sys.maxsize)
        time.sleep(_CALM_S)
        for name in parts:
            began = time.monotonic()
            codes[name] = here.box.end(name)
            took_s[name] = time.monotonic() - began
            here.box.start(name)
        time.sleep(_CALM_S)
        here.load.enough()
        here.settle()
        return Rolled(found=_found(here), codes=codes, took_s=took_s)


def _wait_answered(here: House, count: int) -> None:
    wait_for(
        lambda: here.load.answered() >= count or bool(here.load.problems),
        within_s=_DONE_WITHIN_S,
        saying=f"{count} posts answered, not {here.load.answered()}",
    )
    assert not here.load.problems, here.load.problems


def _wait_lag(here: House, allowed: int) -> int:
    """Let reports come until some of them wait; return how many do."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if lag := here.lag():
            return lag
        if here.load.answered() >= allowed:
            allowed += _MARGIN
            here.load.allow(allowed)
        time.sleep(0.002)
    return 0


def _drain(here: House, after: str) -> float:
    """Let nothing come until all is stored; return reports stored a second.

    What this machine does for the units would else be part of it.
    """
    with here.load.held():
        return _drained(here, after)


def _drained(here: House, after: str) -> float:
    began, before = time.monotonic(), here.count_stored()
    waiting = here.load.count_taken() - before
    deadline = began + _DONE_WITHIN_S
    # Connections come back first.
    while here.count_stored() == before and waiting:
        assert time.monotonic() < deadline, f"nothing is stored\n{here.box.tail()}"
        time.sleep(_LOOK_EVERY_S)
    resumed = time.monotonic()
    while here.load.count_taken() > here.count_stored():
        assert time.monotonic() < deadline, f"the backlog is not worked off\n{here.box.tail()}"
        time.sleep(_LOOK_EVERY_S)
    rate = waiting / max(_LOOK_EVERY_S, time.monotonic() - resumed)
    print(
        f"{after}: {waiting:,} waited; on again after {resumed - began:.1f} s, "
        f"then {rate:,.0f} a second",
        flush=True,
    )
    return rate


def _stop_database(here: House) -> None:
    here.postgresql.stop(mode="immediate")
    time.sleep(_AWAY_S)
    here.postgresql.start()


def _one_too_large(here: House, kafka: Cluster) -> int:
    """Send a report that the broker will not have among others, then let it; count the refused."""
    posts = [replace(post, kind=Kind.REPORT) for post in here.load.rest(20)]
    large = posts[7]
    grown = large.sent.body.replace(b'"text":"', b'"text":"' + b"Again. " * (_LARGE_TEXT // 7))
    posts[7] = replace(large, sent=replace(large.sent, body=grown))
    settings = Settings(kafka_bootstrap=kafka.bootstrap)

    def limit(size: int) -> None:
        with admin(settings) as client:
            limit_records(client, size)

    def refused() -> int:
        return int(sum(here.box.metric(name, "tocsin_forward_refused") for name in INGEST))

    limit(_SMALL_BYTES)
    before = here.count_stored()
    here.load.send_also(posts)
    wait_for(
        lambda: refused() > 0 and here.count_stored() >= before + len(posts) - 1,
        within_s=_DONE_WITHIN_S,
        saying="all but one go on, and it is kept",
    )
    count = refused()
    limit(REPORTS.max_record_bytes)
    here.settle()
    return count


def _found(here: House) -> Found:
    taken, stored = here.load.taken(), here.stored()
    ends = here.ends()
    letters = Counter(
        bytes(value)  # type: ignore[call-overload] # psycopg gives bytes
        for (value,) in here.box.rows("SELECT value FROM dead_letters")
    )
    malformed = [one for one in here.load.entries if one.kind is Kind.MALFORMED]
    told = {
        (str(alert), int(str(seq)))
        for alert, seq in here.box.rows("SELECT alert_id, seq FROM deliveries")
    }
    rings = here.receiver.rings()
    names: dict[tuple[str, int], set[str]] = {}
    for ring in rings:
        key = (str(ring.data["alert_id"]), int(ring.data["seq"]))
        names.setdefault(key, set()).add(ring.webhook_id)
    return Found(
        reports=len(stored),
        shares=tuple(end / sum(ends.values()) for end in ends.values()),
        lost=tuple(sorted(taken - stored)),
        never_sent=tuple(sorted(stored - taken)),
        not_refused=tuple(
            str(one.answer)
            for one in malformed
            if one.status not in {400, 422}
            or not all(error["pointer"].startswith("#") for error in one.answer["errors"])
        ),
        rubbish=len(here.rubbish),
        letters=dict(letters),
        letters_told=here.letters_told(),
        untold=tuple(f"{alert} {seq}" for alert, seq in sorted(told - names.keys())),
        told_under_two_ids=tuple(
            f"{alert} {seq}" for (alert, seq), ids in sorted(names.items()) if len(ids) > 1
        ),
        unverified=sum(not ring.verified for ring in rings),
        requests=sum(one.tries for one in here.load.entries),
        answered_later=sum(one.refused for one in here.load.entries),
        unanswered=sum(one.broken for one in here.load.entries),
    )
