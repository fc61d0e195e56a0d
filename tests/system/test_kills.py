"""kill -9 of door, desk and both at 20 seeded points: nothing is lost, changed or left untold."""

from __future__ import annotations

from pathlib import Path

from deploy.demo.show import planned_reports
from tests.system.killing import NAMED, run_under_kills, schedule

SEED = 20131215
OUTSIDE = 12
BUSY_AT_LEAST = 15


def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    planned = planned_reports()
    kills = schedule(SEED, reports=len(planned), outside=OUTSIDE)
    outcome = run_under_kills(tmp_path, planned, kills)
    print(f"\n{outcome.kills} kills, {outcome.with_work_in_flight} with work in flight")
    assert outcome.kills == len(NAMED) + OUTSIDE == 20
    assert outcome.with_work_in_flight >= BUSY_AT_LEAST
    assert outcome.lost == ()
    assert outcome.untold == ()
    assert outcome.out_of_order == ()
    assert outcome.unverified == 0
    assert outcome.differing == ()
