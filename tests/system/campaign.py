"""`make campaign`: the kills of the tests, with more seeds.

Example: make campaign ARGS="--seeds 1 2 3"
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from deploy.demo.show import planned_reports
from tests.system.killing import run_under_kills, schedule


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--outside", type=int, default=12, help="kills from outside a seed")
    arguments = parser.parse_args()
    planned = planned_reports()
    failed = 0
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            kills = schedule(seed, reports=len(planned), outside=arguments.outside)
            outcome = run_under_kills(Path(folder), planned, kills)
        is_well = (
            not outcome.differing
            and not outcome.lost
            and not outcome.untold
            and not outcome.out_of_order
            and not outcome.unverified
        )
        failed += not is_well
        print(f"seed {seed}: {'well' if is_well else 'FAILED'} {outcome}", flush=True)
    print(f"{len(arguments.seeds)} seeds, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
