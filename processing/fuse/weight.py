"""How much one report counts as evidence (C.0.5): credibility times reliability, in thousandths."""

from __future__ import annotations

from functools import cache

from schemas.codes.lists import code_list
from schemas.report import SourceGrade


def weight_milli(grade: SourceGrade) -> int:
    """Return the evidence weight of a grade in thousandths: A1 is 1000, F6 350, E5 30."""
    return _weight_milli(grade.reliability, grade.credibility)


@cache
def _weight_milli(reliability: str, credibility: str) -> int:
    said = int(code_list("credibility").get(credibility).attributes["weight_milli"])
    source = int(code_list("reliability").get(reliability).attributes["weight_milli"])
    return said * source // 1000
