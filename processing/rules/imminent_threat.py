"""R09: one credible threat is enough; more independent sources near by make it critical.

Sources are counted over all threats within `match_km` and `match_hours` of one. Reports that tell
of the same threat were fused, with their common sources counted once; here the counts of separate
incidents are added. One source behind two incidents is then counted twice: for a threat to life
that errs on the side of ringing, and the flag says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from processing.rules.certainty import has_place
from processing.rules.drafting import Finding, draft
from processing.rules.exhibits import Exhibits
from processing.rules.explain import actor_label, count, event_label, when
from processing.rules.layers import Layers
from processing.rules.places import key_cells, keys_of, keys_within, place_of
from processing.rules.ranges import Answers, merged
from processing.rules.window import FlagDraft, FlagRange, IncidentColumns, Scope, Touched
from processing.rules.windows import grouped
from schemas.flag import Band, Certainty
from schemas.geometry import geodesic_m_many
from schemas.rule import ImminentThreat

_METRES_IN_KM = 1_000.0
_HOUR_US = 3_600_000_000
_HOURS_IN_DAY = 24


def scope_of(rule: ImminentThreat, touched: Touched, layers: Layers) -> Scope:
    """Look again at every threat that a touched one may match, and at what those match."""
    reach = _day_reach(rule)
    flags: list[FlagRange] = []
    wanted: list[tuple[frozenset[int], int, int]] = []
    for columns in (touched.before, touched.after):
        rows = _threats(rule, columns)
        for row, own in zip(rows, keys_of(columns, rows, layers), strict=True):
            day = int(columns.day[row])
            near = _near_keys(rule, columns, row, layers)
            for key, cells in (near or {own: key_cells(columns, row, own, layers)}).items():
                flags.append(_range(rule, key, day, reach))
                wanted.append((cells, day - 2 * reach, day + 2 * reach))
    return Scope(flags=merged(flags), incidents=grouped(wanted))


def evaluate(
    rule: ImminentThreat, scope: Scope, incidents: IncidentColumns, layers: Layers
) -> list[FlagDraft]:
    """Return the flags of the keys in scope."""
    answers = Answers(scope)
    exhibits = Exhibits(incidents)
    matches = _Matches(rule, incidents, _threats(rule, incidents))
    rows = [row for row in answers.rows_in_days(incidents) if row in matches.threats]
    keys = zip(rows, keys_of(incidents, rows, layers), strict=True)
    found: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for row, place_key in keys:
        actor, day = incidents.actor_class[row], int(incidents.day[row])
        if answers.covers(place_key, actor, day):
            found[place_key, actor, day].append(row)
    return [
        draft(rule, _finding(rule, key[0], found[key], matches, exhibits, layers), exhibits)
        for key in sorted(found)
    ]


class _Matches:
    """Threats and which of them are near each other in place and time."""

    def __init__(
        self, rule: ImminentThreat, columns: IncidentColumns, threats: Sequence[int]
    ) -> None:
        self.threats = frozenset(threats)
        self._columns = columns
        self._placed = np.array(
            [t for t in threats if has_place(columns.lon[t], columns.radius_m[t])], dtype=np.int64
        )
        self._reach_m = rule.match_km * _METRES_IN_KM
        self._reach_us = rule.match_hours * _HOUR_US
        self._reach_days = _day_reach(rule)

    def of(self, row: int) -> list[int]:
        """Return the threats near one, itself first."""
        columns, others = self._columns, self._placed[self._placed != row]
        if not has_place(columns.lon[row], columns.radius_m[row]) or not len(others):
            return [row]
        apart_us = np.abs(columns.occurred_us[others] - columns.occurred_us[row])
        # The days too: a clock that is put forward can squeeze 24 h into three mission-local days,
        # and the scope reads whole days.
        apart_days = np.abs(columns.day[others] - columns.day[row])
        others = others[(apart_us <= self._reach_us) & (apart_days <= self._reach_days)]
        apart_m = geodesic_m_many(
            columns.lon[row], columns.lat[row], columns.lon[others], columns.lat[others]
        )
        return [row, *others[apart_m <= self._reach_m].tolist()]


def _finding(
    rule: ImminentThreat,
    place_key: str,
    rows: Sequence[int],
    matches: _Matches,
    exhibits: Exhibits,
    layers: Layers,
) -> Finding:
    columns = exhibits.columns
    groups = {row: matches.of(row) for row in rows}
    sources = {row: sum(one.n_independent for one in exhibits.of_all(groups[row])) for row in rows}
    strongest = min(rows, key=lambda row: (-sources[row], columns.incident_id[row]))
    band = Band.CRITICAL if sources[strongest] >= rule.critical_independent else Band.HIGH
    evidence = tuple(sorted({one for group in groups.values() for one in group}))
    lead = exhibits.lead(rows)
    place = place_of(columns, lead, place_key, layers)
    matched = len(groups[strongest]) - 1
    return Finding(
        place=place,
        actor_class=columns.actor_class[lead],
        day=int(columns.day[lead]),
        band=band,
        certainty=Certainty.CERTAIN,
        rows=evidence,
        numbers={
            "threats": len(rows),
            "independent_sources": sources[strongest],
            "matched_threats": matched,
            "match_km": rule.match_km,
            "match_hours": rule.match_hours,
            "critical_independent": rule.critical_independent,
        },
        excluded=_excluded(columns, rows, matched),
        explanation=_sentence(rule, columns, lead, place.name, sources[strongest], matched),
    )


def _sentence(
    rule: ImminentThreat,
    columns: IncidentColumns,
    lead: int,
    place_name: str,
    sources: int,
    matched: int,
) -> str:
    what = event_label(columns.event_type[lead]).capitalize()
    who = actor_label(columns.actor_class[lead])
    near = (
        f", with {count(matched, 'further threat')} within {rule.match_km:g} km"
        f" and {rule.match_hours} h"
        if matched
        else ""
    )
    weight = (
        f"which is critical from {rule.critical_independent} on"
        if sources >= rule.critical_independent
        else f"one report is enough to ring; {rule.critical_independent} would be critical"
    )
    return (
        f"{what} near {place_name} on {when(int(columns.day[lead]))} by {who}{near}: "
        f"{count(sources, 'independent source')}, {weight}."
    )


def _excluded(columns: IncidentColumns, rows: Sequence[int], matched: int) -> tuple[str, ...]:
    notes = []
    if matched:
        notes.append(
            "Sources of separate incidents were added; one source behind two counts twice."
        )
    if not all(has_place(columns.lon[row], columns.radius_m[row]) for row in rows):
        notes.append("A place wider than 25 km was not matched with other threats.")
    return tuple(notes)


def _threats(rule: ImminentThreat, columns: IncidentColumns) -> list[int]:
    wanted = frozenset(rule.event_types)
    return [row for row, kind in enumerate(columns.event_type) if kind in wanted]


def _near_keys(
    rule: ImminentThreat, columns: IncidentColumns, row: int, layers: Layers
) -> dict[str, frozenset[int]]:
    lon, lat, day = float(columns.lon[row]), float(columns.lat[row]), int(columns.day[row])
    if not has_place(lon, columns.radius_m[row]):
        return {}
    reach = _day_reach(rule)
    days = range(day - reach, day + reach + 1)
    return keys_within(lon, lat, rule.match_km * _METRES_IN_KM, days=days, layers=layers)


def _range(rule: ImminentThreat, key: str, day: int, reach: int) -> FlagRange:
    return FlagRange(rule_id=rule.rule_id, place_key=key, day_from=day - reach, day_to=day + reach)


def _day_reach(rule: ImminentThreat) -> int:
    return -(-rule.match_hours // _HOURS_IN_DAY)
