"""Victims of an incident (B.10): best figures of the surest report that counts them, and the range.

A report that lists nobody of a harm does not say that there was nobody; it has no part in the
figures of that harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.codes.lists import code_list
from schemas.incident import Victims
from schemas.report import Report

# The field manual tests these with a victim under 18 (B.3); the other two tags need none.
_TAGS_OF_CHILDREN = frozenset(
    {"MRM_KILL_MAIM", "MRM_RECRUIT_USE", "MRM_SEXUAL_VIOLENCE", "MRM_ABDUCTION"}
)


@dataclass(slots=True)
class Count:
    """How many suffered one harm, as one report has it: sums over sexes, ages, populations."""

    least: int = 0
    best: int = 0
    most: int = 0
    civilians: int = 0
    un: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The victims of an incident, and the best counts by harm of the surest report with each."""

    victims: Victims
    best: dict[str, int]


_NOBODY = Tally(victims=Victims(), best={})
_NONE = Count()


def tally(reports: Sequence[Report]) -> Tally:
    """Return the totals of some reports on one incident, the surest report first."""
    children = any(_concerns_children(report) for report in reports)
    counted = [_counts(report) for report in reports if report.victims]
    if not counted and not children:
        return _NOBODY
    surest: dict[str, Count] = {}
    for counts in reversed(counted):
        surest.update(counts)
    killed, injured = surest.get("KILLED", _NONE), surest.get("INJURED", _NONE)
    all_killed = [counts["KILLED"] for counts in counted if "KILLED" in counts]
    found = Victims(
        killed_min=min((count.least for count in all_killed), default=0),
        killed_best=killed.best,
        killed_max=max((count.most for count in all_killed), default=0),
        civilians_killed_best=killed.civilians,
        injured_best=injured.best,
        un_killed_best=killed.un,
        un_injured_best=injured.un,
        children=children,
    )
    return Tally(victims=found, best={harm: count.best for harm, count in surest.items()})


def _counts(report: Report) -> dict[str, Count]:
    """Sum the cells of a report by harm. A minimum above the best figure counts as the best."""
    counts: dict[str, Count] = {}
    for cell in report.victims:
        count = counts.get(cell.harm)
        if count is None:
            count = counts[cell.harm] = Count()
        best = cell.best
        count.best += best
        count.least += best if cell.min is None else min(cell.min, best)
        count.most += best if cell.max is None else max(cell.max, best)
        if cell.population == "UN":
            count.un += best
        elif _is_civilian(cell.population):
            count.civilians += best
    return counts


def _concerns_children(report: Report) -> bool:
    if report.violations and not _TAGS_OF_CHILDREN.isdisjoint(report.violations):
        return True
    return any(_is_child(cell.group) and (cell.best or cell.max) for cell in report.victims)


@lru_cache(maxsize=4_096)
def _is_child(group: str) -> bool:
    return bool(code_list("victim_group").get(group).attributes["child"])


@lru_cache(maxsize=4_096)
def _is_civilian(population: str) -> bool:
    return bool(code_list("victim_population").get(population).attributes["civilian"])
