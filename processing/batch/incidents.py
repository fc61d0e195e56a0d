"""From groups of reports to incidents, and what differs from those that are stored. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import h3.api.basic_int as h3
import numpy as np
import orjson

from processing.batch.cube import Seen, difference
from processing.batch.placing import near_places
from processing.batch.rows import CubeRow, HistoryRow, IncidentRow, RedirectRow
from processing.fuse.composed import Composed, composed
from processing.fuse.summary import Member, Site, below, best_placed, retracted, summarise
from processing.locate.locate import Locator
from processing.rules.window import IncidentColumns, Touched
from schemas.clock import to_micros

ENTITY = "incident"

_NONE: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChanges:
    """What a batch does to the incidents: rows to write, ids to give up, and what follows."""

    rows: tuple[IncidentRow, ...]
    redirects: tuple[RedirectRow, ...]
    returned: tuple[str, ...]
    history: tuple[HistoryRow, ...]
    cube: tuple[CubeRow, ...]
    touched: Touched


def compose(
    groups: Iterable[Sequence[Member]], locator: Locator, *, known_near: Mapping[str, bytes] = _NONE
) -> list[Seen]:
    """Summarise groups of reports, each as every level sees it, with what lies near that place.

    A lower level's view is placed by the reports of that level, so what is near it is too.
    `known_near` is what is known to lie near some reports, by report_id.
    """
    found = [(members, below(members)) for members in groups]
    places = [best_placed(seen) for members, lower in found for seen in (members, *lower.values())]
    near = [known_near.get(one.report_id) for one in places]
    unknown = [one for one, known in zip(places, near, strict=True) if known is None]
    looked = iter(near_places(unknown, locator))
    sites = (
        Site(
            one,
            locator.parent(one.adm1) if one.adm1 else None,
            next(looked) if known is None else known,
        )
        for one, known in zip(places, near, strict=True)
    )
    return [_seen(members, lower, sites) for members, lower in found]


def _seen(
    members: Sequence[Member], lower: Mapping[int, Sequence[Member]], sites: Iterator[Site]
) -> Seen:
    whole = summarise(members, next(sites))
    return Seen(
        whole,
        {
            level: summarise(seen, next(sites), incident_id=whole.incident_id)
            for level, seen in lower.items()
        },
    )


def changes(
    concluded: Iterable[Seen],
    gone: Mapping[str, str | None],
    stored: Mapping[str, IncidentRow],
    *,
    given_up: Mapping[str, int],
    now_us: int,
) -> IncidentChanges:
    """Return what must be written so that the store holds what was concluded.

    `given_up` are the last revisions of ids that pointed on and now come back. An incident that
    comes out as it is stored is left alone. One whose reports are all gone stays, as retracted;
    one whose reports went elsewhere points on.
    """
    fresh = {one.incident.incident_id: one for one in concluded}
    fresh |= {
        old_id: Seen(retracted(composed(orjson.loads(stored[old_id].body))), {})
        for old_id, heir in gone.items()
        if heir is None and old_id in stored
    }
    rows: list[IncidentRow] = []
    superseded: list[IncidentRow] = []
    kept: list[Seen] = []
    for incident_id in sorted(fresh):
        before = stored.get(incident_id)
        first = given_up.get(incident_id, 0) + 1
        row = incident_row(fresh[incident_id], before, first_revision=first, now_us=now_us)
        if row is None:
            continue
        rows.append(row)
        kept.append(fresh[incident_id])
        if before is not None:
            superseded.append(before)
    heirs = {old: heir for old, heir in gone.items() if heir is not None and old in stored}
    superseded += [stored[old_id] for old_id in sorted(heirs)]
    return IncidentChanges(
        rows=tuple(rows),
        redirects=tuple(RedirectRow(old, heirs[old], ENTITY, now_us) for old in sorted(heirs)),
        returned=tuple(sorted(given_up)),
        history=tuple(_superseded(row, now_us) for row in superseded),
        cube=tuple(difference((seen_of(row) for row in superseded), kept)),
        touched=Touched(before=columns(superseded), after=columns(rows)),
    )


def incident_row(
    seen: Seen, before: IncidentRow | None, *, first_revision: int, now_us: int
) -> IncidentRow | None:
    """Return the row to store, or None when it would say what is stored already."""
    lower = _views_body(seen.views)
    incident = seen.incident
    revision = first_revision
    if before is not None:
        as_before = incident._replace(revision=before.revision)
        if lower == before.views and as_before.body() == before.body:
            return None
        revision = before.revision + 1
    if incident.revision != revision:
        incident = incident._replace(revision=revision)
    is_placed = incident.lon is not None and incident.lat is not None
    # By position, as in `report_rows`.
    return IncidentRow(
        incident.incident_id,
        revision,
        incident.day,
        to_micros(incident.occurred_start),
        incident.event_type,
        incident.event_class,
        incident.actor_class,
        incident.actor_key,
        incident.severity,
        incident.lon,
        incident.lat,
        incident.radius_m,
        h3.latlng_to_cell(incident.lat, incident.lon, 4) if is_placed else 0,
        int(incident.cell, 16) if incident.cell else 0,
        incident.adm1,
        incident.adm2,
        incident.min_level,
        incident.level,
        incident.exercise,
        incident.retracted,
        now_us,
        incident.body(),
        lower,
    )


def seen_of(row: IncidentRow) -> Seen:
    """Return a stored incident as each level sees it."""
    lower = {} if row.views is None else orjson.loads(row.views)
    return Seen(
        composed(orjson.loads(row.body)),
        {int(level): composed(view) for level, view in lower.items()},
    )


def columns(rows: Iterable[IncidentRow]) -> IncidentColumns:
    """Return the live ones among some incidents as rules read them, by (day, incident_id)."""
    live = sorted(
        (row for row in rows if not row.retracted and not row.exercise),
        key=lambda row: (row.day, row.incident_id),
    )
    return IncidentColumns(
        incident_id=[row.incident_id for row in live],
        day=np.array([row.day for row in live], dtype=np.int64),
        occurred_us=np.array([row.occurred_start for row in live], dtype=np.int64),
        event_type=[row.event_type for row in live],
        event_class=[row.event_class for row in live],
        actor_class=[row.actor_class for row in live],
        actor_key=[row.actor_key for row in live],
        severity=np.array([row.severity for row in live], dtype=np.int64),
        lon=np.array([_nan(row.lon) for row in live], dtype=np.float64),
        lat=np.array([_nan(row.lat) for row in live], dtype=np.float64),
        radius_m=np.array([_nan(row.radius_m) for row in live], dtype=np.float64),
        adm1=[row.adm1 or "" for row in live],
        adm2=[row.adm2 or "" for row in live],
        level=np.array([row.level for row in live], dtype=np.int64),
        body=[row.body for row in live],
    )


def _superseded(row: IncidentRow, now_us: int) -> HistoryRow:
    return HistoryRow(ENTITY, row.incident_id, row.revision, now_us, row.body)


def _views_body(lower: Mapping[int, Composed]) -> bytes | None:
    if not lower:
        return None
    parts = (b'"%d":%s' % (level, view.body()) for level, view in sorted(lower.items()))
    return b"{" + b",".join(parts) + b"}"


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
