"""Reports a second from HTTP to committed incidents, beside bare inserts of the same rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from tests.bench import raw
from tests.bench.boxes import bench_box, start, wait_stored
from tests.bench.client import Client, Plan
from tests.bench.generator import Sent, generate
from tests.bench.listener import listening
from tests.bench.machine import cpu_s, used
from tests.bench.plans import by_unit, lanes
from tests.bench.result import Result
from tests.support.box import RunningBox

GOAL = 0.12
EXPECTED_A_S, HOPED_A_S = 8_000, 12_000
_ROUNDS = 3
_WITHIN_S = 900.0
_FUSED = """
SELECT coalesce(sum(n), 0) FROM (
    SELECT count(*) AS n FROM reports WHERE current AND fusible GROUP BY incident_id) AS counted
WHERE n > 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One share of the reports: sent and stored, then inserted bare."""

    rate: float
    accepted: float
    raw_rate: float
    reports: int
    cpu_s: dict[str, float]


def end_to_end(folder: Path, *, reports: int) -> Result:
    """Send everything in rounds; after each, insert its rows into a bare database."""
    sent = generate(reports)
    bare = folder / "bare.db"
    with listening(folder) as listener, bench_box(folder, receiver_url=listener.url) as box:
        raw.copied_schema(box.settings.database_path, bare)
        start(box, "desk", "door")
        # The first batch makes the desk read its layers and rules: once a start, so not counted.
        first, *batches = by_unit(sent)
        _round(folder, box, [first], bare)
        share = -(-len(batches) // _ROUNDS)
        batches_before = _desk_batches(box)
        rounds = [
            _round(folder, box, batches[at : at + share], bare)
            for at in range(0, len(batches), share)
        ]
        cuts = _desk_batches(box) - batches_before
        return _result(rounds, {**outcome(box), "desk_batches": cuts})


def _round(folder: Path, box: RunningBox, batches: Sequence[Sequence[Sent]], bare: Path) -> Round:
    before = box.spooled()
    count = sum(map(len, batches))
    plan = Plan(
        url=box.url,
        lanes=lanes(batches, box.prepared.keys),
        clock_path=box.settings.clock_path,
    )
    client = Client(plan, folder)
    pids = {name: process.pid for name, process in box.processes.items()}
    cpu = {name: cpu_s(pid) for name, pid in pids.items()}
    answers = client.run()
    began = min(one.sent for one in answers)
    stored = wait_stored(box, within_s=_WITHIN_S)
    spent = used(cpu, pids)
    rows = raw.rows_after(box.settings.database_path, before)
    assert len(rows) == count, f"{count} sent, {len(rows)} stored"
    raw_cpu = time.process_time()
    raw_rate = raw.insert_rate(bare, rows)
    raw_cpu = time.process_time() - raw_cpu
    return Round(
        rate=count / (stored - began),
        accepted=count / (max(one.answered for one in answers) - began),
        raw_rate=raw_rate,
        reports=count,
        cpu_s={**spent, "raw": raw_cpu},
    )


def _desk_batches(box: RunningBox) -> float:
    with urlopen(f"http://127.0.0.1:{box.settings.health_port}/metrics", timeout=60) as page:
        for line in page.read().decode().splitlines():
            if line.startswith("tocsin_processing_batches "):
                return float(line.split()[1])
    raise AssertionError("the desk does not count its batches")


def outcome(box: RunningBox) -> dict[str, float]:
    """Return what the reports became: incidents, flags, and how many reports were fused."""
    reports, incidents, flags, alerts, fused = (
        float(str(box.rows(query)[0][0]))
        for query in (
            "SELECT count(*) FROM reports WHERE current AND fusible",
            "SELECT count(*) FROM incidents WHERE NOT retracted",
            "SELECT count(*) FROM flags WHERE state = 'RAISED'",
            "SELECT count(*) FROM alerts",
            _FUSED,
        )
    )
    return {
        "incidents": incidents,
        "flags_per_1000_incidents": 1_000 * flags / max(1.0, incidents),
        "alerts": alerts,
        "fused_share": fused / max(1.0, reports),
    }


def _result(rounds: Sequence[Round], became: dict[str, float]) -> Result:
    ratio = median(one.rate / one.raw_rate for one in rounds)
    reports = sum(one.reports for one in rounds)
    return Result(
        name="end_to_end",
        value=ratio,
        unit="of raw sqlite3",
        goal=f">= {GOAL} ({EXPECTED_A_S:,}/s expected, {HOPED_A_S:,}/s the goal)",
        is_met=ratio >= GOAL,
        figures={
            "reports_a_s": median(one.rate for one in rounds),
            "slowest_round_a_s": min(one.rate for one in rounds),
            "accepted_a_s": median(one.accepted for one in rounds),
            "raw_rows_a_s": median(one.raw_rate for one in rounds),
            **{
                f"{name}_cpu_us_per_report": sum(one.cpu_s[name] for one in rounds) / reports * 1e6
                for name in rounds[0].cpu_s
            },
            **became,
        },
    )
