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
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from typing import NamedTuple, Protocol

import h3.api.basic_int as h3

from processing.fuse.composed import NOBODY, Composed
from processing.fuse.greedy import id_of
from processing.fuse.independence import components
from processing.fuse.order import UNKNOWN_CLASS
from processing.fuse.said import Said
from processing.fuse.severity import MINOR, severity
from processing.fuse.victims import tally
from schemas.clock import from_micros
from schemas.codes.lists import code_list

# What `incidents.actor_key` holds.
_KEY_LENGTH = 400

# The fields of an incident from `lon` to `adm2_candidates`.
_Where = tuple[
    float | None,
    float | None,
    float | None,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    tuple[str, ...],
]


class Place(Protocol):
    """What locating found of one report ("" and None: unknown); candidates are joined by commas."""

    @property
    def report_id(self) -> str:
        """Return which report it is of."""

    @property
    def day(self) -> int:
        """Return the mission-local day."""

    @property
    def lon(self) -> float | None:
        """Return the longitude."""

    @property
    def lat(self) -> float | None:
        """Return the latitude."""

    @property
    def radius_m(self) -> float | None:
        """Return the radius within which it is."""

    @property
    def adm1(self) -> str | None:
        """Return the state."""

    @property
    def adm2(self) -> str | None:
        """Return the county."""

    @property
    def adm2_candidates(self) -> str | None:
        """Return the counties that it may be in."""


class Member(NamedTuple):
    """One current report of an incident, and where it is."""

    said: Said
    place: Place


class Site(NamedTuple):
    """Where an incident is: its best place, the country, and the JSON of what lies near."""

    place: Place
    adm0: str | None = None
    nearby: bytes = b""


def summarise(
    members: Sequence[Member], site: Site | None = None, *, incident_id: str | None = None
) -> Composed:
    """Return the incident that some current reports (at least one) are, whatever their order.

    Without a site it is where the best placed of them is, and no more is known of that. Its id
    comes from the smallest root_id unless given; `revision` is left at 1 for the store to count.
    """
    if site is None:
        site = Site(best_placed(members))
    if len(members) == 1:
        return _of_one(members[0].said, site, incident_id)
    place = site.place
    said = sorted([member.said for member in members], key=_sureness)
    surest = said[0]
    kind = _best_typed(said)
    counted = tally([one.harms for one in said], children=True in [one.children for one in said])
    tags = _tags(said)
    named = _named(said)
    sources = components(said)
    levels = [one.level for one in said]
    ids = tuple(sorted([(one.root_id, one.revision) for one in said]))
    # By position, as everywhere where an incident is made one by one.
    return Composed(
        incident_id or id_of(place.day, ids[0][0]),
        1,
        place.day,
        from_micros(min([one.start for one in said])[2]),
        _end(said),
        kind.event_type,
        kind.event_class,
        *_where(site),
        named,
        _key(named),
        min([one.part for one in said])[2],
        max(severity(kind.event_type, counted, tags), _stated_severity(said)),
        counted.victims,
        len(said),
        len(sources),
        sum([said[group[0]].weight_milli for group in sources]),
        surest.reliability,
        surest.credibility,
        min(levels),
        max(levels),
        tags,
        surest.exercise,
        False not in [one.illustrative for one in said],
        site.nearby,
        ids,
        False,  # noqa: FBT003 - retracted
    )


def _of_one(said: Said, site: Site, incident_id: str | None) -> Composed:
    """Do what `summarise` does for one report, with nothing to choose from."""
    place = site.place
    counted = tally((said.harms,), children=said.children)
    return Composed(
        incident_id or id_of(place.day, said.root_id),
        1,
        place.day,
        from_micros(said.start[2]),
        None if said.end_us is None else from_micros(said.end_us),
        said.event_type,
        said.event_class,
        *_where(site),
        said.actors,
        _key(said.actors),
        said.part[2],
        max(severity(said.event_type, counted, said.violations), said.severity),
        counted.victims,
        1,
        1,
        said.weight_milli,
        said.reliability,
        said.credibility,
        said.level,
        said.level,
        said.violations,
        said.exercise,
        said.illustrative,
        site.nearby,
        ((said.root_id, said.revision),),
        False,  # noqa: FBT003 - retracted
    )


def _where(site: Site) -> _Where:
    place = site.place
    lon, lat, radius_m, candidates = place.lon, place.lat, place.radius_m, place.adm2_candidates
    return (
        lon,
        lat,
        radius_m,
        precision(radius_m),
        None if lon is None or lat is None else f"{h3.latlng_to_cell(lat, lon, 5):x}",
        site.adm0 or None,
        place.adm1 or None,
        place.adm2 or None,
        tuple(candidates.split(",")) if candidates else (),
    )


def below(members: Sequence[Member]) -> Mapping[int, Sequence[Member]]:
    """Return the reports that viewers below the incident's level see, those up to their level.

    One entry for each level from the lowest member's up to below the highest's; a viewer at the
    highest or above sees the whole, one below the lowest nothing. Empty when all are at one level.
    """
    if len(members) == 1:
        return {}
    levels = [member.said.level for member in members]
    lowest, highest = min(levels), max(levels)
    return {seen: [m for m in members if m.said.level <= seen] for seen in range(lowest, highest)}


def retracted(incident: Composed) -> Composed:
    """Return an incident of which every report was taken back: it counts nothing any more."""
    return incident._replace(
        retracted=True,
        victims=NOBODY,
        members=(),
        n_reports=0,
        n_independent=0,
        weight_milli=0,
    )


def best_placed(members: Sequence[Member]) -> Place:
    """Return the place of the report whose place is the incident's."""
    if len(members) == 1:
        return members[0].place
    placed = [m for m in members if m.place.lon is not None and m.place.radius_m is not None]
    return min(placed or members, key=_placing).place


@lru_cache(maxsize=4_096)
def precision(radius_m: float | None) -> str:
    """Return the code of list `loc_precision` whose radius holds this one; P7 when none does."""
    for code in sorted(code_list("loc_precision").codes.values(), key=lambda c: c.code):
        limit_m = code.attributes["radius_m"]
        if radius_m is not None and limit_m is not None and radius_m <= limit_m:
            return code.code
    return "P7"


def _placing(member: Member) -> tuple[float, str]:
    return member.place.radius_m or 0.0, member.said.root_id


def _sureness(said: Said) -> tuple[int, float, str]:
    return said.sureness


def _named(said: Sequence[Said]) -> tuple[str, ...]:
    named = {one.actors for one in said}
    # Mostly, who tells of the same names the same.
    return named.pop() if len(named) == 1 else tuple(sorted({*chain.from_iterable(named)}))


def _end(said: Sequence[Said]) -> datetime | None:
    ends = [one.end_us for one in said if one.end_us is not None]
    return from_micros(max(ends)) if ends else None


def _best_typed(said: Sequence[Said]) -> Said:
    for one in said:
        if one.event_class != UNKNOWN_CLASS:
            return one
    return said[0]


def _stated_severity(said: Sequence[Said]) -> int:
    return max(MINOR, *[one.severity for one in said])


def _tags(said: Sequence[Said]) -> tuple[str, ...]:
    tags = [tag for one in said for tag in one.violations]
    return tuple(sorted(set(tags))) if tags else ()


def _key(named: Sequence[str]) -> str:
    """Join tokens; a key too long for its column is cut and kept distinct by a hash."""
    key = "+".join(named)
    if len(key) <= _KEY_LENGTH:
        return key
    digest = sha256(key.encode()).hexdigest()[:16]
    return f"{key[: _KEY_LENGTH - len(digest) - 1]}~{digest}"
