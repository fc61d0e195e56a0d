"""How bad an incident was, 1 to 5: the impact scale of B.14, never below what was reported."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from processing.fuse.victims import Tally
from schemas.codes.lists import code_list

MINOR, MODERATE, SERIOUS, SEVERE, EXTREME = range(1, 6)

_MANY_KILLED = 25
_SEVERAL_KILLED = 5
_MANY_DISPLACED = 500
_SOME_DISPLACED = 50

# An attack on a school, a hospital or a site of displaced people.
_ON_A_PROTECTED_SITE = frozenset({"CH_SCHOOL_ATTACK", "CH_HOSPITAL_ATTACK", "DP_SITE_INCIDENT"})
_CRSV_OR_ABDUCTION = frozenset({"SV_CRSV", "VC_ABDUCTION", "CR_KIDNAP"})


def severity(event_type: str, counted: Tally, violations: Collection[str]) -> int:
    """Return the severity of what happened; at least the code list's for the type."""
    found = _of_type(event_type)
    if violations:
        found = max(found, _of_tags(violations))
    if counted.best:
        found = max(found, _of_deaths(counted.best), _of_other_harm(counted.best))
    return found


@lru_cache(maxsize=4_096)
def _of_type(event_type: str) -> int:
    base = int(code_list("event_type").get(event_type).attributes["severity"])
    if event_type in _ON_A_PROTECTED_SITE:
        return max(base, SEVERE)
    if event_type in _CRSV_OR_ABDUCTION:
        return max(base, SERIOUS)
    return base


def _of_tags(violations: Collection[str]) -> int:
    if "MRM_SCHOOL_HOSPITAL" in violations:
        return SEVERE
    if "MRM_SEXUAL_VIOLENCE" in violations or "MRM_ABDUCTION" in violations:
        return SERIOUS
    return MINOR


def _of_deaths(best: dict[str, int]) -> int:
    killed = best.get("KILLED", 0)
    if killed >= _MANY_KILLED:
        return EXTREME
    if killed >= _SEVERAL_KILLED:
        return SEVERE
    return SERIOUS if killed else MINOR


def _of_other_harm(best: dict[str, int]) -> int:
    displaced = best.get("DISPLACED", 0)
    if displaced > _MANY_DISPLACED:
        return SEVERE
    if displaced >= _SOME_DISPLACED or best.get("SEXUALLY_HARMED") or best.get("ABDUCTED"):
        return SERIOUS
    return MODERATE if displaced or best.get("INJURED") else MINOR
