"""What a batch of 1,000 costs beside one of 10: the fixed cost of a batch must be small."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from deploy.garbage import rest_the_collector
from tests.bench.desk import admitted, bench_desk
from tests.bench.generator import generate
from tests.bench.result import Result

GOAL = 30.0
_SMALL, _LARGE = 10, 1_000
_ROUNDS, _SMALL_A_ROUND = 5, 10
_STORE_BY = 500


def batch_cost(folder: Path, *, stored: int) -> Result:
    """Time batches of both sizes, interleaved, on a store that holds some reports already."""
    desk = bench_desk(folder)
    per_round = _LARGE + _SMALL_A_ROUND * _SMALL
    values = admitted(generate(stored + _ROUNDS * per_round), desk.bundle)
    desk.store(values[:stored], batch_size=_STORE_BY)
    # As the desk does after its first batch.
    rest_the_collector()
    rest = values[stored:]
    took: dict[int, list[float]] = {_SMALL: [], _LARGE: []}
    cpu: dict[int, list[float]] = {_SMALL: [], _LARGE: []}
    while rest:
        for size in (*(_SMALL,) * _SMALL_A_ROUND, _LARGE):
            batch, rest = rest[:size], rest[size:]
            began, began_cpu = time.perf_counter(), time.process_time()
            desk.store(batch, batch_size=size)
            took[size].append(time.perf_counter() - began)
            cpu[size].append(time.process_time() - began_cpu)
    desk.database.engine.dispose()
    ratio = median(took[_LARGE]) / median(took[_SMALL])
    return Result(
        name="batch_cost",
        value=ratio,
        unit="x (1,000 / 10)",
        goal=f"<= {GOAL:g}",
        is_met=ratio <= GOAL,
        figures={
            "batch_of_10_ms": median(took[_SMALL]) * 1e3,
            "batch_of_1000_ms": median(took[_LARGE]) * 1e3,
            "cpu_ratio": median(cpu[_LARGE]) / median(cpu[_SMALL]),
            "cpu_us_per_report_at_10": median(cpu[_SMALL]) / _SMALL * 1e6,
            "cpu_us_per_report_at_1000": median(cpu[_LARGE]) / _LARGE * 1e6,
        },
    )
