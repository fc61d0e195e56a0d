"""Where the desk's time goes: the functions with the most time of their own, by report."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path

from deploy.garbage import rest_the_collector
from tests.bench.desk import admitted, bench_desk
from tests.bench.generator import generate
from tests.bench.result import Result

_BATCH = 500
_SHOWN = 30


def desk_profile(folder: Path, *, reports: int) -> list[Result]:
    """Print the profile of storing reports in batches; return their CPU time without profiling.

    The first half is stored bare and timed, the second under the profiler, which slows calls down.
    Its clock is the CPU: on a busy machine the other one tells of the neighbours.
    """
    desk = bench_desk(folder)
    values = admitted(generate(reports), desk.bundle)
    half = len(values) // 2
    desk.store(values[:1], batch_size=1)
    # As the desk does after its first batch.
    rest_the_collector()
    began = time.process_time()
    desk.store(values[1:half], batch_size=_BATCH)
    bare_us = (time.process_time() - began) / half * 1e6
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    desk.store(values[half:], batch_size=_BATCH)
    profile.disable()
    desk.database.engine.dispose()
    _show(profile, reports=len(values) - half)
    return [
        Result(
            name="profile",
            value=bare_us,
            unit="us of CPU a report",
            goal="",
            is_met=None,
            figures={},
        )
    ]


def _show(profile: cProfile.Profile, *, reports: int) -> None:
    rows = [
        (own, total, calls, f"{Path(file).name}:{line} {name}")
        for (file, line, name), (_, calls, own, total, _callers) in pstats.Stats(
            profile
        ).stats.items()  # type: ignore[attr-defined]  # typeshed leaves `stats` out
    ]
    print("   own us   all us  calls/report   (per report, profiled)")
    for own, total, calls, where in sorted(rows, reverse=True)[:_SHOWN]:
        print(
            f"{own / reports * 1e6:9.1f}{total / reports * 1e6:9.1f}"
            f"{calls / reports:10.2f}   {where}"
        )
