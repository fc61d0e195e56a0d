"""What one report says, as fusing and summarising ask for it: found out once, as it never changes.

An incident is composed again whenever a report joins it, and most of what its reports are asked
for are codes that must be looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from processing.fuse.actors import BYSTANDER_ROLES, tokens, types
from processing.fuse.victims import Harms, concerns_children, harms
from processing.fuse.weight import weight_milli
from schemas.access import level_of
from schemas.clock import to_micros
from schemas.codes.lists import code_list, event_class
from schemas.report import Actor, AdmittedReport, Report

# Which type stands for an incident with several: who fights before who was merely there.
ACTOR_CLASSES = (
    "ARMED_GROUP",
    "STATE_MILITARY",
    "STATE_POLICE",
    "STATE_OTHER",
    "FOREIGN_FORCES",
    "PRIVATE_MILITARY",
    "POLITICAL_MILITIA",
    "COMMUNITY_SELF_DEFENCE",
    "BANDITS",
    "UNKNOWN_ARMED",
    "RIOTERS",
    "PROTESTERS",
    "UN_MILITARY",
    "UN_POLICE",
    "UN_CIVILIAN",
    "AID_WORKER",
    "CIVILIANS",
    "UNKNOWN",
)
_CLASS_RANK = {code: rank for rank, code in enumerate(ACTOR_CLASSES)}

_LONG_HOURS = 1e6

# Kinds of records that say that something happened; patrols, tracks and assessments do not.
_HAPPENINGS = frozenset({"INCIDENT", "OBSERVATION", "COMMUNITY_ALERT"})
_NO_HAPPENING = frozenset({"NIL", "RETRACTION"})

# (no alleged perpetrator, rank, type code): of several parties the least stands for all.
Part = tuple[bool, int, str]

# After every type that there is, known or not.
_NOBODY: Part = (True, len(ACTOR_CLASSES) + 1, "UNKNOWN")


class Said(NamedTuple):
    """One report, with what its codes mean.

    `sureness` is what the surest report has the least of, `start` what the best known beginning
    has the least of (the last is its time), `part` what the party that stands for all has the least
    of. Times are microseconds since 1970. `severity` is as stated, 0 if it was not; `violations`
    are sorted, each once; `sources` are the names of its unit, its source and those upstream.
    """

    root_id: str
    revision: int
    is_happening: bool
    event_type: str
    event_class: str
    actors: tuple[str, ...]
    actor_types: tuple[str, ...]
    sureness: tuple[int, float, str]
    start: tuple[bool, float, int]
    end_us: int | None
    part: Part
    harms: Harms
    children: bool
    severity: int
    violations: tuple[str, ...]
    weight_milli: int
    reliability: str
    credibility: str
    sources: tuple[str, ...]
    text: str
    level: int
    exercise: bool
    illustrative: bool


def said(admitted: AdmittedReport) -> Said:
    """Return what a report says."""
    report = admitted.report
    source = report.source
    weight, hours = weight_milli(source), _uncertainty_h(report.time_precision)
    # By position: see `processing.batch.placing.report_rows`.
    return Said(
        report.root_id,
        report.revision,
        is_happening(report),
        report.event_type,
        event_class(report.event_type),
        tokens(report.actors),
        types(report.actors),
        (-weight, hours, report.root_id),
        # Admission sees to it that there is a start.
        (admitted.clock_suspect, hours, to_micros(report.occurred_start or admitted.received_at)),
        None if report.occurred_end is None else to_micros(report.occurred_end),
        _foremost(report.actors),
        harms(report.victims),
        concerns_children(report),
        report.severity or 0,
        _in_order(report.violations),
        weight,
        source.reliability,
        source.credibility,
        _sources(admitted.unit_id, source.ref, source.origin_chain),
        report.text or "",
        int(level_of(report.sensitivity)),
        report.exercise,
        report.illustrative,
    )


def is_happening(report: Report) -> bool:
    """Say whether a report is of something that happened, so that it belongs to an incident."""
    return report.record_kind in _HAPPENINGS and report.report_kind not in _NO_HAPPENING


def _in_order(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return tags sorted, each once."""
    return tuple(sorted({*tags})) if len(tags) > 1 else tags


def _sources(unit_id: str, ref: str | None, chain: tuple[str, ...]) -> tuple[str, ...]:
    return (unit_id, *chain) if ref is None else (unit_id, ref, *chain)


def _foremost(actors: Sequence[Actor]) -> Part:
    """Return the party that stands for who did it; alleged perpetrators go first."""
    parties = [a for a in actors if a.role not in BYSTANDER_ROLES]
    return min([_part(a.role, a.type) for a in parties], default=_NOBODY)


@lru_cache(maxsize=4_096)
def _part(role: str, type_: str) -> Part:
    is_alleged = role == "PERPETRATOR_ALLEGED" and type_ != "UNKNOWN"
    return not is_alleged, _CLASS_RANK.get(type_, len(_CLASS_RANK)), type_


@lru_cache(maxsize=4_096)
def _uncertainty_h(time_precision: str) -> float:
    hours = code_list("time_precision").get(time_precision).attributes["uncertainty_h"]
    return _LONG_HOURS if hours is None else float(hours)
