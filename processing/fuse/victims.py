"""Victims of an incident (B.10): best figures of the surest report that counts them, and the range.

A report that lists nobody of a harm does not say that there was nobody; it has no part in the
figures of that harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from schemas.codes.lists import code_list
from schemas.incident import Victims
from schemas.report import Report, VictimCount

# The field manual tests these with a victim under 18 (B.3); the other two tags need none.
_TAGS_OF_CHILDREN = frozenset(
    {"MRM_KILL_MAIM", "MRM_RECRUIT_USE", "MRM_SEXUAL_VIOLENCE", "MRM_ABDUCTION"}
)

NOBODY = Victims()


def victims(reports: Sequence[Report]) -> Victims:
    """Return the totals of some reports on one incident, the surest report first."""
    counted = [report for report in reports if report.victims]
    children = any(_concerns_children(report) for report in reports)
    if not counted:
        return Victims(children=True) if children else NOBODY
    killed = [cells for report in counted if (cells := _of(report, "KILLED"))]
    injured = next((cells for report in counted if (cells := _of(report, "INJURED"))), [])
    surest = killed[0] if killed else []
    best = sum(cell.best for cell in surest)
    return Victims(
        killed_min=min([best, *(sum(map(_least, cells)) for cells in killed)]),
        killed_best=best,
        killed_max=max([best, *(sum(map(_most, cells)) for cells in killed)]),
        civilians_killed_best=sum(c.best for c in surest if _is_civilian(c.population)),
        injured_best=sum(cell.best for cell in injured),
        un_killed_best=sum(cell.best for cell in surest if cell.population == "UN"),
        un_injured_best=sum(cell.best for cell in injured if cell.population == "UN"),
        children=children,
    )


def best_count(reports: Iterable[Report], harm: str) -> int:
    """Return the best figure of a harm from the first report that counts it, else 0."""
    counted = (cells for report in reports if (cells := _of(report, harm)))
    return sum(cell.best for cell in next(counted, []))


def _of(report: Report, harm: str) -> list[VictimCount]:
    return [cell for cell in report.victims if cell.harm == harm]


def _least(cell: VictimCount) -> int:
    return cell.best if cell.min is None else min(cell.min, cell.best)


def _most(cell: VictimCount) -> int:
    return cell.best if cell.max is None else max(cell.max, cell.best)


def _concerns_children(report: Report) -> bool:
    if not _TAGS_OF_CHILDREN.isdisjoint(report.violations):
        return True
    return any(_is_child(c.group) and (c.best or c.max) for c in report.victims)


@lru_cache(maxsize=4_096)
def _is_child(group: str) -> bool:
    return bool(code_list("victim_group").get(group).attributes["child"])


@lru_cache(maxsize=4_096)
def _is_civilian(population: str) -> bool:
    return bool(code_list("victim_population").get(population).attributes["civilian"])
