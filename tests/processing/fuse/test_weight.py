from __future__ import annotations

import pytest

from processing.fuse.weight import weight_milli
from schemas.report import SourceGrade


@pytest.mark.parametrize(
    ("grade", "expected"),
    [("A1", 1000), ("B2", 900), ("C3", 630), ("C6", 450), ("F6", 350), ("D4", 180), ("E5", 30)],
)
def test_a_grade_weighs_what_the_reference_says(grade: str, expected: int) -> None:
    assert weight_milli(SourceGrade(reliability=grade[0], credibility=grade[1])) == expected
