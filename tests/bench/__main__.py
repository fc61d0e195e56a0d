"""`make bench`: measure, print the machine, the generator's figures and a table.

Every figure that is judged is a ratio to a limit of the same run, or a time at a stated load.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.accept import accept
from tests.bench.batch_cost import batch_cost
from tests.bench.desk_profile import desk_profile
from tests.bench.distributed import kafka_end_to_end, kafka_idle, kafka_latency
from tests.bench.end_to_end import end_to_end
from tests.bench.generator import generate, realised
from tests.bench.growth import growth
from tests.bench.idle import idle
from tests.bench.latency import latency
from tests.bench.machine import describe
from tests.bench.result import Result, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much to measure."""

    reports: int
    accept_reports: int
    stored: int
    runs: int
    run_s: float
    idle_s: float
    incidents: int


FULL = Size(
    reports=60_000,
    accept_reports=180_000,
    stored=20_000,
    runs=5,
    run_s=12.0,
    idle_s=60.0,
    incidents=1_000_000,
)
QUICK = Size(
    reports=6_000,
    accept_reports=18_000,
    stored=3_000,
    runs=2,
    run_s=6.0,
    idle_s=10.0,
    incidents=40_000,
)

Bench = Callable[[Path, Size], list[Result]]

BENCHES: Mapping[str, Bench] = {
    "end_to_end": lambda folder, size: [end_to_end(folder, reports=size.reports)],
    "accept": lambda folder, size: [accept(folder, reports=size.accept_reports)],
    "batch_cost": lambda folder, size: [batch_cost(folder, stored=size.stored)],
    "latency": lambda folder, size: latency(folder, runs=size.runs, run_s=size.run_s),
    "idle": lambda folder, size: [idle(folder, seconds=size.idle_s)],
    "kafka_end_to_end": lambda folder, size: [kafka_end_to_end(folder, reports=size.reports)],
    "kafka_latency": lambda folder, size: [kafka_latency(folder, runs=size.runs, run_s=size.run_s)],
    "kafka_idle": lambda folder, size: [kafka_idle(folder, seconds=size.idle_s)],
    "growth": lambda folder, size: [growth(folder, incidents=size.incidents)],
    "profile": lambda folder, size: desk_profile(folder, reports=size.stored),
}
# Asked for by name: it tells where the time goes and judges nothing.
# What takes an hour is asked for by name, too.
_BY_NAME_ONLY = frozenset({"profile", "growth"})


def main() -> None:
    asked = _arguments()
    size = QUICK if asked.quick else FULL
    if asked.reports:
        size = Size(**{**asdict(size), "reports": asked.reports})
    names = asked.only or [name for name in BENCHES if name not in _BY_NAME_ONLY]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        header = describe(Path(folder))
        _say("machine", header)
        generated = realised(generate(size.reports))
        figures = {**asdict(generated), "reports_per_event": generated.per_event}
        _say("generator", figures)
        document: dict[str, object] = {"machine": header, "generator": figures}
        results: list[Result] = []
        for name in names:
            results += _run(name, Path(folder), size)
            # After each: what was measured stays when a later one fails.
            _write(asked.out, {**document, "results": [one.as_json() for one in results]})
        _say("machine afterwards", describe(Path(folder)))
    print(table(results))


def _write(path: Path | None, document: Mapping[str, object]) -> None:
    if path is not None:
        path.write_text(json.dumps(document, indent=2) + "\n")


def _run(name: str, root: Path, size: Size) -> list[Result]:
    print(f"… {name}", flush=True)
    folder = root / name
    folder.mkdir()
    results = BENCHES[name](folder, size)
    print(table(results), flush=True)
    return results


def _say(what: str, figures: Mapping[str, object]) -> None:
    told = ", ".join(
        f"{name} {figure:.4g}" if isinstance(figure, float) else f"{name} {figure}"
        for name, figure in figures.items()
    )
    print(f"{what}: {told}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(BENCHES), help="some of them")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--reports", type=int, help="reports of the end-to-end run")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
