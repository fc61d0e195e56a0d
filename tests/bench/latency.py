"""From a report's sending to the first webhook attempt, alone and beside a busy background.

Threats are sent singly among ordinary reports, each in a county and on a day that had no alert of
their actors, so that each raises one. The time is the receiver's on the same monotonic clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from tests.bench.boxes import bench_box, start, wait_stored
from tests.bench.client import Client, Plan, Request
from tests.bench.generator import START, Sent, generate, threat
from tests.bench.listener import Listener, listening
from tests.bench.machine import percentile
from tests.bench.plans import by_unit, lines, single
from tests.bench.result import Result
from tests.support.box import RunningBox

ALONE_MS, BESIDE_MS = 60.0, 150.0
KAFKA_MS = 200.0
_SINGLES_A_S = 200
_THREATS_A_S = 20
_BACKGROUND_A_S = 3_000
_BACKGROUND_ON_KAFKA_A_S = 1_000
# How fast the mission clock goes: a batch that waited is still within the rule's 24 hours, or its
# threats would be history and ring nobody.
_DAYS_A_S = 2
_SINGLE_LANES = 8
_BATCH_LANES = 8
_WITHIN_S = 300.0
_TOLD = """
SELECT r.root_id, a.alert_id FROM reports r
JOIN alerts a ON a.place_key = r.adm2 AND a.day = r.day
WHERE r.event_type = 'VC_IMMINENT_THREAT' AND a.actor_class = (
    SELECT i.actor_class FROM incidents i WHERE i.incident_id = r.incident_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run's plan: the lanes, and which threat each (lane, number) is."""

    lanes: list[list[Request]]
    threats: Mapping[tuple[int, int], str]


def latency(folder: Path, *, runs: int, run_s: float) -> list[Result]:
    """Measure without and with the background, each several times, in boxes of their own."""
    return [
        _measured(folder / name, runs=runs, run_s=run_s, background_a_s=rate, goal_ms=goal_ms)
        for name, rate, goal_ms in (
            ("latency_alone", 0, ALONE_MS),
            ("latency_beside_3000", _BACKGROUND_A_S, BESIDE_MS),
        )
    ]


def latency_on_kafka(folder: Path, *, runs: int, run_s: float, **settings: object) -> Result:
    """Measure beside a background with the settings of a broker and a database."""
    return _measured(
        folder / "kafka_latency_beside_1000",
        runs=runs,
        run_s=run_s,
        background_a_s=_BACKGROUND_ON_KAFKA_A_S,
        goal_ms=KAFKA_MS,
        **settings,
    )


def _measured(
    folder: Path,
    *,
    runs: int,
    run_s: float,
    background_a_s: int,
    goal_ms: float,
    **settings: object,
) -> Result:
    folder.mkdir()
    tails: list[float] = []
    middles: list[float] = []
    counts: list[int] = []
    with (
        listening(folder) as listener,
        bench_box(folder, receiver_url=listener.url, **settings) as box,
    ):
        start(box, "desk", "door")
        for number in range(runs):
            waits = _one_run(
                folder, box, listener, number=number, run_s=run_s, background_a_s=background_a_s
            )
            tails.append(percentile(waits, 99))
            middles.append(percentile(waits, 50))
            counts.append(len(waits))
    tail = median(tails)
    return Result(
        name=folder.name,
        value=tail,
        unit="ms (median of p99)",
        goal=f"< {goal_ms:g}",
        is_met=tail < goal_ms,
        figures={
            "p50_ms": median(middles),
            "best_p99_ms": min(tails),
            "worst_p99_ms": max(tails),
            "fewest_alerts": min(counts),
        },
    )


def _one_run(
    folder: Path,
    box: RunningBox,
    listener: Listener,
    *,
    number: int,
    run_s: float,
    background_a_s: int,
) -> list[float]:
    run = _plan(box, number=number, run_s=run_s, background_a_s=background_a_s)
    plan = Plan(url=box.url, lanes=run.lanes, clock_path=box.settings.clock_path)
    answers = Client(plan, folder).run()
    wait_stored(box, within_s=_WITHIN_S)
    box.settle(within_s=_WITHIN_S)
    sent = {
        run.threats[one.lane, one.number]: one.sent
        for one in answers
        if (one.lane, one.number) in run.threats
    }
    arrivals = listener.arrivals()
    waits = []
    for root_id, alert_id in box.rows(_TOLD):
        began = sent.get(str(root_id))
        came = arrivals.get((str(alert_id), 1))
        # An alert that something else had raised before says nothing about this report.
        if began is not None and came is not None and came > began:
            waits.append((came - began) * 1e3)
    assert waits, "no threat raised an alert"
    return waits


def _plan(box: RunningBox, *, number: int, run_s: float, background_a_s: int) -> Run:
    """Lay out a run: all that is sent follows one stream of reports in time."""
    singles = round(run_s * _SINGLES_A_S)
    total = singles + round(run_s * background_a_s)
    days = round(run_s * _DAYS_A_S)
    # Late reports of a run may come ten days after its end: no run reaches into the next.
    first_day = START + timedelta(days=(days + 20) * number)
    stream = generate(total, seed=100 + number, start=first_day, days=days)
    every = total // singles
    one_by_one = _with_threats(stream[::every][:singles], number=number)
    rest = [one for at, one in enumerate(stream) if at % every]
    lanes: list[list[Request]] = [[] for _ in range(_SINGLE_LANES + _BATCH_LANES)]
    threats: dict[tuple[int, int], str] = {}
    for at, one in enumerate(one_by_one):
        lane = at % _SINGLE_LANES
        if one.event_type == "VC_IMMINENT_THREAT":
            threats[lane, len(lanes[lane])] = str(json.loads(one.body)["root_id"])
        due_s = 0.001 + at / _SINGLES_A_S
        lanes[lane].append(single(one, box.prepared.keys, due_s=due_s))
    if background_a_s:
        for at, batch in enumerate(by_unit(rest)):
            due_s = 0.001 + at * 100 / background_a_s
            lane = _SINGLE_LANES + at % _BATCH_LANES
            lanes[lane].append(lines(batch, box.prepared.keys, due_s=due_s))
    return Run(lanes=lanes, threats=threats)


def _with_threats(stream: Sequence[Sent], *, number: int) -> list[Sent]:
    every = _SINGLES_A_S // _THREATS_A_S
    return [
        threat(at // every, one.at, run=number) if at % every == 0 else one
        for at, one in enumerate(stream)
    ]
