"""What an incident is, from the reports that are fused in it: one choice a field, none by arrival.

The *surest* report has the heaviest evidence weight (C.0.5), the finer time, and the smaller
root_id where those are equal. Section numbers are of the domain reference.

| field | is |
|---|---|
| type, class | the surest report's among those that know the class |
| place, areas, precision | the report's with the smallest radius (B.17), ties by root_id |
| occurred_start | the earliest among the reports with the finest time that no clock makes suspect |
| occurred_end | the latest that any report gives |
| actor tokens | all named parties but victims, witnesses and responders (B.9) |
| actor class | one type code by `ACTOR_CLASSES`: of alleged perpetrators, else of parties (B.9) |
| victims | best of the surest report that counts the harm, range over all (B.10) |
| severity | impact scale (B.14), at least the reports' own and the type's |
| weight | sum over independent sources of each one's heaviest report (C.0.4, C.0.5) |
| grade | the surest report's; grades are never averaged (B.11) |
| levels | lowest and highest of the reports (B.12) |
| illustrative | only if every report is |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from processing.fuse.actors import BYSTANDER_ROLES, tokens
from processing.fuse.greedy import id_of
from processing.fuse.independence import components
from processing.fuse.order import UNKNOWN_CLASS
from processing.fuse.severity import MINOR, severity
from processing.fuse.victims import tally
from processing.fuse.weight import weight_milli
from schemas.access import level_of
from schemas.codes.lists import code_list, event_class
from schemas.incident import Incident, Nearby, Victims
from schemas.report import AdmittedReport, Report

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

# What `incidents.actor_key` holds.
_KEY_LENGTH = 400

_LONG_HOURS = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One current report of an incident, with what locating found ("" and None: unknown)."""

    root_id: str
    revision: int
    admitted: AdmittedReport
    day: int
    lon: float | None = None
    lat: float | None = None
    radius_m: float | None = None
    cell5: int = 0
    adm0: str | None = None
    adm1: str | None = None
    adm2: str | None = None
    adm2_candidates: tuple[str, ...] = ()


def summarise(
    members: Sequence[Member],
    *,
    incident_id: str | None = None,
    nearby: tuple[Nearby, ...] = (),
) -> Incident:
    """Return the incident that some current reports (at least one) are, whatever their order.

    Its id comes from the smallest root_id unless given; `revision` is left at 1 for the store to
    count.
    """
    ordered = sorted(members, key=_surest_first) if len(members) > 1 else members
    admitted = [member.admitted for member in ordered]
    reports = [one.report for one in admitted]
    surest = reports[0]
    kind = _best_typed(reports)
    counted = tally(reports)
    tags = _tags(reports)
    place = best_placed(ordered)
    named = tokens([actor for report in reports for actor in report.actors])
    sources = components(admitted)
    levels = [level_of(report.sensitivity) for report in reports]
    ids = tuple(sorted([(member.root_id, member.revision) for member in ordered]))
    return Incident(
        incident_id=incident_id or id_of(ordered[0].day, ids[0][0]),
        day=ordered[0].day,
        occurred_start=_start(admitted),
        occurred_end=_end(reports),
        event_type=kind.event_type,
        event_class=event_class(kind.event_type),
        lon=place.lon,
        lat=place.lat,
        radius_m=place.radius_m,
        precision=precision(place.radius_m),
        cell=f"{place.cell5:x}" if place.cell5 else None,
        adm0=place.adm0 or None,
        adm1=place.adm1 or None,
        adm2=place.adm2 or None,
        adm2_candidates=place.adm2_candidates,
        actor_tokens=named,
        actor_key=_key(named),
        actor_class=actor_class(reports),
        severity=max(severity(kind.event_type, counted, tags), _stated_severity(reports)),
        victims=counted.victims,
        n_reports=len(ordered),
        n_independent=len(sources),
        weight_milli=sum([weight_milli(reports[group[0]].source) for group in sources]),
        reliability=surest.source.reliability,
        credibility=surest.source.credibility,
        min_level=min(levels),
        level=max(levels),
        violations=tags,
        exercise=surest.exercise,
        illustrative=all(report.illustrative for report in reports),
        nearby=nearby,
        members=ids,
    )


def views(members: Sequence[Member], *, nearby: tuple[Nearby, ...] = ()) -> Mapping[int, Incident]:
    """Return what viewers below the incident's level see: from the reports at or below theirs.

    One entry for each level of `below`. The id is the whole incident's.
    """
    lower = below(members)
    if not lower:
        return {}
    first = min(members, key=lambda member: member.root_id)
    whole_id = id_of(first.day, first.root_id)
    return {
        level: summarise(seen, incident_id=whole_id, nearby=nearby) for level, seen in lower.items()
    }


def below(members: Sequence[Member]) -> Mapping[int, Sequence[Member]]:
    """Return the reports that viewers below the incident's level see, those up to their level.

    One entry for each level from the lowest member's up to below the highest's; a viewer at the
    highest or above sees the whole, one below the lowest nothing. Empty when all are at one level.
    """
    if len(members) == 1:
        return {}
    levels = [level_of(member.admitted.report.sensitivity) for member in members]
    lowest, highest = min(levels), max(levels)
    return {
        seen: [m for m, level in zip(members, levels, strict=True) if level <= seen]
        for seen in range(lowest, highest)
    }


def retracted(incident: Incident) -> Incident:
    """Return an incident of which every report was taken back: it counts nothing any more."""
    return incident.model_copy(
        update={
            "retracted": True,
            "victims": Victims(),
            "members": (),
            "n_reports": 0,
            "n_independent": 0,
            "weight_milli": 0,
        }
    )


def best_placed(members: Sequence[Member]) -> Member:
    """Return the report whose place is the incident's."""
    if len(members) == 1:
        return members[0]
    placed = [m for m in members if m.lon is not None and m.radius_m is not None]
    return min(placed or members, key=lambda m: (m.radius_m or 0.0, m.root_id))


def actor_class(reports: Sequence[Report]) -> str:
    """Return the one type code that stands for who did it; alleged perpetrators go first."""
    parties = [a for r in reports for a in r.actors if a.role not in BYSTANDER_ROLES]
    if not parties:
        return "UNKNOWN"
    alleged = [a.type for a in parties if a.role == "PERPETRATOR_ALLEGED" and a.type != "UNKNOWN"]
    return min({*(alleged or [a.type for a in parties])}, key=_class_rank)


@lru_cache(maxsize=4_096)
def precision(radius_m: float | None) -> str:
    """Return the code of list `loc_precision` whose radius holds this one; P7 when none does."""
    for code in sorted(code_list("loc_precision").codes.values(), key=lambda c: c.code):
        limit_m = code.attributes["radius_m"]
        if radius_m is not None and limit_m is not None and radius_m <= limit_m:
            return code.code
    return "P7"


def _surest_first(member: Member) -> tuple[int, float, str]:
    report = member.admitted.report
    return -weight_milli(report.source), _uncertainty_h(report.time_precision), member.root_id


def _start(reports: Sequence[AdmittedReport]) -> datetime:
    """Return the earliest start among the finest; admission sees to it that there is one."""
    if len(reports) == 1:
        return reports[0].report.occurred_start or reports[0].received_at
    return min(
        (
            admitted.clock_suspect,
            _uncertainty_h(admitted.report.time_precision),
            admitted.report.occurred_start or admitted.received_at,
        )
        for admitted in reports
    )[2]


def _end(reports: Sequence[Report]) -> datetime | None:
    ends = [report.occurred_end for report in reports if report.occurred_end is not None]
    return max(ends) if ends else None


def _best_typed(reports: Sequence[Report]) -> Report:
    for report in reports:
        if event_class(report.event_type) != UNKNOWN_CLASS:
            return report
    return reports[0]


def _stated_severity(reports: Sequence[Report]) -> int:
    stated = [report.severity for report in reports if report.severity is not None]
    return max(stated) if stated else MINOR


def _tags(reports: Sequence[Report]) -> tuple[str, ...]:
    tags = [tag for report in reports for tag in report.violations]
    return tuple(sorted(set(tags))) if tags else ()


def _key(named: Sequence[str]) -> str:
    """Join tokens; a key too long for its column is cut and kept distinct by a hash."""
    key = "+".join(named)
    if len(key) <= _KEY_LENGTH:
        return key
    digest = sha256(key.encode()).hexdigest()[:16]
    return f"{key[: _KEY_LENGTH - len(digest) - 1]}~{digest}"


def _class_rank(code: str) -> tuple[int, str]:
    return _CLASS_RANK.get(code, len(_CLASS_RANK)), code


@lru_cache(maxsize=4_096)
def _uncertainty_h(time_precision: str) -> float:
    hours = code_list("time_precision").get(time_precision).attributes["uncertainty_h"]
    return _LONG_HOURS if hours is None else float(hours)
