"""R01: violence near a place where civilians are.

One flag a site, actor class and mission-local day gathers all incidents in the site's rings. Its
band is the best of its incidents'; for MEDIUM one of them must be serious or there must be several,
else it is LOW, because markets and towns sit near everything.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from processing.rules.cells import cover
from processing.rules.drafting import Finding, draft
from processing.rules.exhibits import Exhibits
from processing.rules.explain import (
    actor_label,
    band_word,
    count,
    event_label,
    km,
    place_note,
    when,
)
from processing.rules.layers import Layers, areas_of, extent_m
from processing.rules.places import Place
from processing.rules.ranges import Answers, merged
from processing.rules.site_rings import Hit, farthest_m, hits, nearest_first, violent_rows
from processing.rules.window import FlagDraft, FlagRange, IncidentColumns, Scope, Touched
from processing.rules.windows import grouped
from schemas.flag import Band, Certainty
from schemas.layer import Feature
from schemas.rule import ViolenceNearSite

# Kinds of sites where displaced people live: a threat to one is a step more urgent.
_DISPLACED = frozenset({"POC_SITE", "IDP_SITE", "IDP_CAMP", "REFUGEE_CAMP"})


def scope_of(rule: ViolenceNearSite, touched: Touched, layers: Layers) -> Scope:
    """Look again at the sites near touched incidents, on their days, for their actor classes."""
    flags: list[FlagRange] = []
    sites: dict[tuple[str, int], Feature] = {}
    for columns in (touched.before, touched.after):
        for hit in hits(rule, columns, violent_rows(rule, columns), layers):
            day = int(columns.day[hit.row])
            sites[hit.site.feature_id, day] = hit.site
            flags.append(
                FlagRange(
                    rule_id=rule.rule_id,
                    place_key=hit.site.feature_id,
                    actor_class=columns.actor_class[hit.row],
                    day_from=day,
                    day_to=day,
                )
            )
    wanted = [(_cells(rule, site), day, day) for (_, day), site in sites.items()]
    return Scope(flags=merged(flags), incidents=grouped(wanted))


def evaluate(
    rule: ViolenceNearSite, scope: Scope, incidents: IncidentColumns, layers: Layers
) -> list[FlagDraft]:
    """Return the flags of the keys in scope."""
    answers = Answers(scope)
    exhibits = Exhibits(incidents)
    days = answers.rows_in_days(incidents)
    rows = [row for row in violent_rows(rule, incidents) if row in days]
    found: dict[tuple[str, str, int], list[Hit]] = defaultdict(list)
    for hit in hits(rule, incidents, rows, layers):
        actor, day = incidents.actor_class[hit.row], int(incidents.day[hit.row])
        if answers.covers(hit.site.feature_id, actor, day):
            found[hit.site.feature_id, actor, day].append(hit)
    return [
        draft(rule, _finding(rule, found[key], exhibits, layers), exhibits) for key in sorted(found)
    ]


def _cells(rule: ViolenceNearSite, site: Feature) -> frozenset[int]:
    return cover(site.lon, site.lat, extent_m(site) + farthest_m(rule, site.layer))


def _finding(
    rule: ViolenceNearSite, found: Sequence[Hit], exhibits: Exhibits, layers: Layers
) -> Finding:
    columns = exhibits.columns
    best = min(found, key=Hit.rank)
    rows = tuple(sorted({hit.row for hit in found}))
    severity = max(int(columns.severity[row]) for row in rows)
    is_weak = best.band is Band.MEDIUM and _is_weak(rule, found, columns)
    band = Band.LOW if is_weak else best.band
    return Finding(
        place=_place(best.site, columns, rows, layers),
        actor_class=columns.actor_class[best.row],
        day=int(columns.day[best.row]),
        band=band,
        certainty=best.certainty,
        rows=rows,
        displaced_site=best.site.kind in _DISPLACED,
        numbers=_numbers(best, found, severity, exhibits),
        excluded=_excluded(rule, found, is_weak=is_weak),
        explanation=_sentence(best, rows, band, columns),
    )


def _is_weak(rule: ViolenceNearSite, found: Sequence[Hit], columns: IncidentColumns) -> bool:
    """Say whether what lies in the rings of MEDIUM is one incident of no great severity."""
    rows = {hit.row for hit in found if hit.band is Band.MEDIUM}
    severity = max(int(columns.severity[row]) for row in rows)
    return severity < rule.medium_min_severity and len(rows) < rule.medium_min_incidents


def _place(site: Feature, columns: IncidentColumns, rows: Sequence[int], layers: Layers) -> Place:
    """Return the site, in the county that the layer gives it or that all incidents share."""
    areas = areas_of(layers)
    parent = areas.get(site.parent_id or "")
    if parent is not None and parent.layer == "adm2":
        adm1, adm2 = parent.parent_id or "", parent.feature_id
    else:
        adm2 = _shared([columns.adm2[row] for row in rows])
        adm1 = _shared([columns.adm1[row] for row in rows])
    return Place(
        key=site.feature_id, name=site.name, adm1=adm1, adm2=adm2, lon=site.lon, lat=site.lat
    )


def _shared(codes: Sequence[str]) -> str:
    return codes[0] if len(set(codes)) == 1 else ""


def _numbers(best: Hit, found: Sequence[Hit], severity: int, exhibits: Exhibits) -> dict[str, Any]:
    columns = exhibits.columns
    nearest = nearest_first(found)[0]
    population = best.site.population
    shown = exhibits.of_all({hit.row for hit in found})
    return {
        "incidents": len(shown),
        "distance_m": round(best.edge_m),
        "place_radius_m": round(float(columns.radius_m[best.row])),
        "nearest_m": round(nearest.edge_m),
        "ring_m": round(best.ring_m),
        "certain_incidents": sum(hit.certainty is Certainty.CERTAIN for hit in found),
        "severity": severity,
        "killed": sum(one.killed for one in shown),
        "civilians_killed": sum(one.civilians_killed for one in shown),
        "site_population": population,
        # How many people a threat concerns, on a scale that a hamlet and a city share.
        "population_log10": round(math.log10(population), 6) if population else None,
    }


def _excluded(rule: ViolenceNearSite, found: Sequence[Hit], *, is_weak: bool) -> tuple[str, ...]:
    notes = ["Places known only to a state, or wider than 25 km, are not measured."]
    if not _is_surveyed(found[0].site):
        notes.append("The site's edge is a circle around its point, not a surveyed perimeter.")
    if is_weak:
        notes.append(
            f"One incident of severity below {rule.medium_min_severity} is not yet medium: "
            f"it takes that severity or {rule.medium_min_incidents} incidents in the day."
        )
    return tuple(notes)


def _edge(site: Feature) -> str:
    has_extent = site.radius_m > 0 or _is_surveyed(site)
    return f"the edge of {site.name}" if has_extent else site.name


def _is_surveyed(site: Feature) -> bool:
    return (site.geometry or {}).get("type") in {"Polygon", "MultiPolygon"}


def _sentence(best: Hit, rows: Sequence[int], band: Band, columns: IncidentColumns) -> str:
    what = event_label(columns.event_type[best.row])
    radius_m = float(columns.radius_m[best.row])
    who = actor_label(columns.actor_class[best.row])
    day = when(int(columns.day[best.row]))
    more = f" One of {count(len(rows), 'incident')} that day." if len(rows) > 1 else ""
    return (
        f"{what[:1].upper()}{what[1:]} by {who}, {km(best.edge_m)} from {_edge(best.site)} on "
        f"{day} (place known to {km(radius_m)}), within the ring of {km(best.ring_m)}: "
        f"{band_word(band)}."
        f"{place_note(best.certainty)}{more}"
    )
