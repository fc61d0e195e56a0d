from __future__ import annotations

from typing import Any

import pytest

from processing.fuse.victims import Tally, concerns_children, harms, tally
from schemas.incident import Victims
from schemas.report import Report
from tests.processing.fuse.reports import admitted


def report(*victims: dict[str, Any], **rest: Any) -> Report:  # noqa: ANN401 - fields of Report
    return admitted(victims=victims, **rest).report


def killed(best: int, **rest: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of VictimCount
    return {"harm": "KILLED", "best": best, **rest}


def totals(reports: list[Report]) -> Tally:
    children = any(concerns_children(one) for one in reports)
    return tally([harms(one.victims) for one in reports], children=children)


class TestTally:
    def test_best_is_the_surest_reports_and_the_range_is_of_all(self) -> None:
        found = totals([report(killed(3)), report(killed(8, min=5, max=12)), report(killed(1))])
        assert found.victims == Victims(killed_min=1, killed_best=3, killed_max=12)

    def test_a_report_that_counts_nobody_does_not_say_there_was_nobody(self) -> None:
        found = totals([report(), report(killed(4)), report({"harm": "INJURED", "best": 9})])
        assert found.victims == Victims(killed_min=4, killed_best=4, killed_max=4, injured_best=9)

    def test_a_report_that_counts_zero_does(self) -> None:
        found = totals([report(killed(0)), report(killed(4))])
        assert found.victims == Victims(killed_min=0, killed_best=0, killed_max=4)

    def test_adds_up_sexes_ages_and_populations(self) -> None:
        found = totals(
            [
                report(
                    killed(2, group="men", population="CIVILIANS", min=1),
                    killed(1, group="women", population="AID_WORKERS", max=3),
                    killed(4, population="COMBATANTS"),
                    killed(1, population="UN"),
                    {"harm": "INJURED", "best": 2, "population": "UN"},
                    {"harm": "DISPLACED", "best": 70},
                )
            ]
        )
        assert found.victims == Victims(
            killed_min=7,
            killed_best=8,
            killed_max=10,
            civilians_killed_best=3,
            injured_best=2,
            un_killed_best=1,
            un_injured_best=2,
        )
        assert found.best == {"KILLED": 8, "INJURED": 2, "DISPLACED": 70}

    def test_a_range_that_misses_its_best_figure_is_widened_to_it(self) -> None:
        found = totals([report(killed(5, min=7, max=2))])
        assert found.victims == Victims(killed_min=5, killed_best=5, killed_max=5)

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            (report(killed(1, group="girls")), True),
            (report(killed(0, group="boys", max=2)), True),
            (report(killed(0, group="boys")), False),
            (report(killed(1, group="women")), False),
            (report(violations=["MRM_ABDUCTION"]), True),
            (report(violations=["MRM_ACCESS_DENIAL"]), False),
        ],
    )
    def test_tells_whether_children_are_concerned(self, said: Report, *, expected: bool) -> None:
        assert totals([said]).victims.children is expected
        assert totals([report(), said]).victims.children is expected
