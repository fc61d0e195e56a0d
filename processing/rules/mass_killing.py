"""R03's absolute trigger: many civilians killed in one incident, whatever the past was.

One flag a county (else the place of the incident) and mission-local day, variant "mass-killing".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from processing.rules.drafting import Finding
from processing.rules.exhibits import Exhibits
from processing.rules.explain import actor_label, count, event_label, when
from processing.rules.layers import Layers, areas_of
from processing.rules.places import Place, key_cells, keys_of, place_of
from processing.rules.ranges import Answers
from processing.rules.window import IncidentColumns
from schemas.flag import Band, Certainty
from schemas.rule import TempoEscalation

ANY_ACTOR = "ANY"
VARIANT = "mass-killing"

# The impact scale (B.14) is never below what the dead make it: 3 from one, 4 from five, 5 from
# twenty-five. So only these severities need to be looked into.
_SEVERITY_OF_DEATHS = ((25, 5), (5, 4), (1, 3))


def severe_rows(rule: TempoEscalation, columns: IncidentColumns) -> list[int]:
    """Return the rows whose severity leaves room for so many dead."""
    rows: list[int] = np.flatnonzero(columns.severity >= least_severity(rule)).tolist()
    return rows


def least_severity(rule: TempoEscalation) -> int:
    """Return the severity below which nobody killed so many."""
    deaths = min(rule.deaths_high, rule.deaths_critical)
    return next(severity for killed, severity in _SEVERITY_OF_DEATHS if deaths >= killed)


def place_keys(columns: IncidentColumns, rows: Sequence[int], layers: Layers) -> list[str]:
    """Return the county of each row where it is certain, else the place key of the incident."""
    unsure = [row for row in rows if not columns.adm2[row]]
    keys = dict(zip(unsure, keys_of(columns, unsure, layers), strict=True))
    return [columns.adm2[row] or keys[row] for row in rows]


def cells_of(columns: IncidentColumns, row: int, key: str, layers: Layers) -> frozenset[int]:
    """Return the cells that hold every incident with the key of this row."""
    if key == columns.adm2[row]:
        return areas_of(layers).cells4(key)
    return key_cells(columns, row, key, layers)


def findings(
    rule: TempoEscalation, answers: Answers, exhibits: Exhibits, layers: Layers
) -> Iterable[Finding]:
    """Yield one finding a place and day on which so many civilians were killed at once."""
    columns = exhibits.columns
    days = answers.rows_in_days(columns)
    rows = [row for row in severe_rows(rule, columns) if row in days]
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row, key in zip(rows, place_keys(columns, rows, layers), strict=True):
        day = int(columns.day[row])
        if answers.covers(key, ANY_ACTOR, day) and _civilians(exhibits, row) >= rule.deaths_high:
            found[key, day].append(row)
    for key, day in sorted(found):
        yield _finding(rule, key, found[key, day], exhibits, layers)


def _civilians(exhibits: Exhibits, row: int) -> int:
    return exhibits.of(row).civilians_killed


def _finding(
    rule: TempoEscalation, key: str, rows: Sequence[int], exhibits: Exhibits, layers: Layers
) -> Finding:
    columns = exhibits.columns
    worst = min(rows, key=lambda row: (-_civilians(exhibits, row), columns.incident_id[row]))
    killed, day = _civilians(exhibits, worst), int(columns.day[worst])
    band = Band.CRITICAL if killed >= rule.deaths_critical else Band.HIGH
    place = _place(columns, worst, key, layers)
    what = event_label(columns.event_type[worst])
    more = f" (one of {count(len(rows), 'such incident')} that day)" if len(rows) > 1 else ""
    return Finding(
        place=place,
        actor_class=ANY_ACTOR,
        day=day,
        band=band,
        certainty=Certainty.CERTAIN,
        rows=tuple(rows),
        variant=VARIANT,
        numbers={
            "civilians_killed_in_one_incident": killed,
            "incidents": len(rows),
            "high_from": rule.deaths_high,
            "critical_from": rule.deaths_critical,
        },
        explanation=(
            f"{killed} civilians are reported killed in one incident ({what} by "
            f"{actor_label(columns.actor_class[worst])}) in {place.name} on {when(day)}{more}. "
            f"From {rule.deaths_high} on this is always high, from {rule.deaths_critical} on "
            "critical, whatever the county's past."
        ),
    )


def _place(columns: IncidentColumns, row: int, key: str, layers: Layers) -> Place:
    at_incident = place_of(columns, row, key, layers) if key != columns.adm2[row] else None
    return at_incident or county_place(key, layers)


def county_place(adm2: str, layers: Layers) -> Place:
    """Return a county as the place of a flag, at the point that its layer gives it."""
    areas = areas_of(layers)
    county = areas.get(adm2)
    return Place(
        key=adm2,
        name=areas.name(adm2),
        adm1=areas.parent(adm2),
        adm2=adm2,
        lon=county.lon if county else None,
        lat=county.lat if county else None,
    )
