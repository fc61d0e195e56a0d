"""Victims of an incident (B.10): best figures of the surest report that counts them, and the range.

A report that lists nobody of a harm does not say that there was nobody; it has no part in the
figures of that harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from processing.fuse.composed import NOBODY
from schemas.codes.lists import code_list
from schemas.incident import Victims
from schemas.report import Report, VictimCount

# The field manual tests these with a victim under 18 (B.3); the other two tags need none.
_TAGS_OF_CHILDREN = frozenset(
    {"MRM_KILL_MAIM", "MRM_RECRUIT_USE", "MRM_SEXUAL_VIOLENCE", "MRM_ABDUCTION"}
)


# How many suffered one harm, as one report has it: at least, best, at most, and of the best
# civilians and UN; sums over sexes, ages, populations. A plain tuple, as it is sent to the desk.
Count = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """The victims of an incident, and the best counts by harm of the surest report with each."""

    victims: Victims
    best: dict[str, int]


# What one report counts, by harm.
Harms = Mapping[str, Count]

_NONE: Count = (0, 0, 0, 0, 0)
# Shared by most reports, and never written to.
_NO_HARM: Harms = {}
_ZERO = (0, 0, 0)


def tally(counted: Sequence[Harms], *, children: bool) -> Tally:
    """Return the totals of what some reports on one incident count, the surest report first.

    `children`: any of them concerns children.
    """
    counted = [counts for counts in counted if counts]
    if not counted:
        return Tally(_victims(_ZERO, 0, 0, (0, 0), children), {})
    surest = counted[0] if len(counted) == 1 else _first_of_each(counted)
    killed = surest.get("KILLED", _NONE)
    least, best, most, civilians, un_killed = killed
    _, injured, _, _, un_injured = surest.get("INJURED", _NONE)
    for counts in counted[1:]:
        other = counts.get("KILLED", killed)
        least, most = min(least, other[0]), max(most, other[2])
    found = _victims((least, best, most), civilians, injured, (un_killed, un_injured), children)
    return Tally(found, {harm: count[1] for harm, count in surest.items()})


# Most incidents have few or no victims, and a frozen value can be shared.
@lru_cache(maxsize=4_096)
def _victims(
    killed: tuple[int, int, int],
    civilians: int,
    injured: int,
    un: tuple[int, int],
    children: bool,  # noqa: FBT001 - called in one place
) -> Victims:
    least, best, most = killed
    if not (any(killed) or civilians or injured or any(un) or children):
        return NOBODY
    return Victims(
        killed_min=least,
        killed_best=best,
        killed_max=most,
        civilians_killed_best=civilians,
        injured_best=injured,
        un_killed_best=un[0],
        un_injured_best=un[1],
        children=children,
    )


def _first_of_each(counted: Sequence[Harms]) -> dict[str, Count]:
    surest: dict[str, Count] = {}
    for counts in reversed(counted):
        surest.update(counts)
    return surest


def harms(cells: Sequence[VictimCount]) -> Harms:
    """Sum the cells of a report by harm. A range that misses its best figure is widened to it."""
    if not cells:
        return _NO_HARM
    counts: dict[str, Count] = {}
    for cell in cells:
        least, best, most, civilians, un = counts.get(cell.harm, _NONE)
        is_un = cell.population == "UN"
        counts[cell.harm] = (
            least + (cell.best if cell.min is None else min(cell.min, cell.best)),
            best + cell.best,
            most + (cell.best if cell.max is None else max(cell.max, cell.best)),
            civilians + (cell.best if not is_un and _is_civilian(cell.population) else 0),
            un + (cell.best if is_un else 0),
        )
    return counts


def concerns_children(report: Report) -> bool:
    """Say whether a report counts a victim under 18, or says so by a tag."""
    if report.violations and not _TAGS_OF_CHILDREN.isdisjoint(report.violations):
        return True
    return any(_is_child(cell.group) for cell in report.victims if cell.best or cell.max)


@lru_cache(maxsize=4_096)
def _is_child(group: str) -> bool:
    return bool(code_list("victim_group").get(group).attributes["child"])


@lru_cache(maxsize=4_096)
def _is_civilian(population: str) -> bool:
    return bool(code_list("victim_population").get(population).attributes["civilian"])
