"""How bad an incident was, 1 to 5: the impact scale of B.14, never below what was reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from processing.fuse.victims import best_count
from schemas.codes.lists import code_list
from schemas.incident import Victims
from schemas.report import Report

MINOR, MODERATE, SERIOUS, SEVERE, EXTREME = range(1, 6)

_MANY_KILLED = 25
_SEVERAL_KILLED = 5
_MANY_DISPLACED = 500
_SOME_DISPLACED = 50

# An attack on a school, a hospital or a site of displaced people.
_ON_A_PROTECTED_SITE = frozenset({"CH_SCHOOL_ATTACK", "CH_HOSPITAL_ATTACK", "DP_SITE_INCIDENT"})
_CRSV_OR_ABDUCTION = frozenset({"SV_CRSV", "VC_ABDUCTION", "CR_KIDNAP"})
_GRAVE_HARMS = ("SEXUALLY_HARMED", "ABDUCTED")


def severity(
    event_type: str, reports: Sequence[Report], found: Victims, violations: Collection[str]
) -> int:
    """Return the severity of an incident from its type, its reports (surest first) and victims.

    At least the highest that a report states, and the code list's for the type.
    """
    stated = max((report.severity or MINOR for report in reports), default=MINOR)
    of_harm = max(_of_deaths(found), _of_other_harm(reports, found))
    return max(stated, of_harm, _of_type(event_type), _of_tags(violations))


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


def _of_deaths(found: Victims) -> int:
    if found.killed_best >= _MANY_KILLED:
        return EXTREME
    if found.killed_best >= _SEVERAL_KILLED:
        return SEVERE
    return SERIOUS if found.killed_best else MINOR


def _of_other_harm(reports: Sequence[Report], found: Victims) -> int:
    if not any(report.victims for report in reports):
        return MINOR
    displaced = best_count(reports, "DISPLACED")
    if displaced > _MANY_DISPLACED:
        return SEVERE
    if displaced >= _SOME_DISPLACED or any(best_count(reports, harm) for harm in _GRAVE_HARMS):
        return SERIOUS
    return MODERATE if found.injured_best or displaced else MINOR
