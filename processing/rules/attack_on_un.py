"""R08: an attack on the UN is always critical, without statistics; repeated obstruction is high."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from processing.rules.drafting import Finding, draft
from processing.rules.exhibits import Exhibits
from processing.rules.explain import actor_label, count, event_label, when
from processing.rules.layers import Layers, areas_of
from processing.rules.places import Place, key_cells, keys_of, place_of
from processing.rules.ranges import Answers, merged
from processing.rules.window import FlagDraft, FlagRange, IncidentColumns, Scope, Touched
from processing.rules.windows import grouped
from schemas.codes.lists import event_class
from schemas.flag import Band, Certainty
from schemas.rule import AttackOnUn

OBSTRUCTION = "obstruction"
ANY_ACTOR = "ANY"
_METRES_IN_KM = 1_000.0
_NEAREST_SHOWN = 5

Wanted = list[tuple[frozenset[int], int, int]]


def scope_of(rule: AttackOnUn, touched: Touched, layers: Layers) -> Scope:
    """Look again at the places of touched attacks, and at the states of touched obstructions."""
    flags: list[FlagRange] = []
    attacks: Wanted = []
    obstructions: Wanted = []
    for columns in (touched.before, touched.after):
        rows = _of_types(columns, rule.event_types)
        for row, key in zip(rows, keys_of(columns, rows, layers), strict=True):
            day = int(columns.day[row])
            flags.append(_range(rule, key, columns.actor_class[row], (day, day)))
            attacks.append((key_cells(columns, row, key, layers), day, day))
        for row in _in_states(rule, columns):
            day, reach = int(columns.day[row]), rule.obstruction_days - 1
            flags.append(_range(rule, columns.adm1[row], ANY_ACTOR, (day, day + reach)))
            cells = areas_of(layers).cells4(columns.adm1[row])
            obstructions.append((cells, day - reach, day + reach))
    windows = (*grouped(attacks), *grouped(obstructions, event_classes=_classes(rule)))
    return Scope(flags=merged(flags), incidents=windows)


def evaluate(
    rule: AttackOnUn, scope: Scope, incidents: IncidentColumns, layers: Layers
) -> list[FlagDraft]:
    """Return the flags of the keys in scope."""
    answers = Answers(scope)
    exhibits = Exhibits(incidents)
    findings = [
        *_attacks(rule, answers, exhibits, layers),
        *_obstructions(rule, answers, exhibits, layers),
    ]
    return [draft(rule, finding, exhibits) for finding in findings]


def _attacks(
    rule: AttackOnUn, answers: Answers, exhibits: Exhibits, layers: Layers
) -> Iterable[Finding]:
    columns = exhibits.columns
    days = answers.rows_in_days(columns)
    rows = [row for row in _of_types(columns, rule.event_types) if row in days]
    found: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for row, key in zip(rows, keys_of(columns, rows, layers), strict=True):
        actor, day = columns.actor_class[row], int(columns.day[row])
        if answers.covers(key, actor, day):
            found[key, actor, day].append(row)
    for one in sorted(found):
        yield _attack(rule, one[0], found[one], exhibits, layers)


def _attack(
    rule: AttackOnUn, key: str, rows: Sequence[int], exhibits: Exhibits, layers: Layers
) -> Finding:
    columns = exhibits.columns
    lead = exhibits.lead(rows)
    place = place_of(columns, lead, key, layers)
    shown = exhibits.of_all(rows)
    killed = sum(one.un_killed for one in shown)
    injured = sum(one.un_injured for one in shown)
    day, actor = int(columns.day[lead]), columns.actor_class[lead]
    what = event_label(columns.event_type[lead]).capitalize()
    more = f" (and {count(len(rows) - 1, 'further attack')} there)" if len(rows) > 1 else ""
    harm = f"; {killed} UN killed, {injured} injured" if killed or injured else ""
    return Finding(
        place=place,
        actor_class=actor,
        day=day,
        band=Band.CRITICAL,
        certainty=Certainty.CERTAIN,
        rows=tuple(rows),
        numbers={
            "attacks": len(rows),
            "un_killed": killed,
            "un_injured": injured,
            "nearby_km": rule.nearby_km,
            "un_bases_nearby": _bases(rule, place, day, layers),
        },
        excluded=("Accidents and negligent discharges look alike at first: a person closes it.",),
        explanation=(
            f"{what} near {place.name} on {when(day)} by {actor_label(actor)}{more}{harm}. "
            f"Any attack on the UN is critical. Account for everyone within {rule.nearby_km:g} km."
        ),
    )


def _bases(rule: AttackOnUn, place: Place, day: int, layers: Layers) -> list[dict[str, Any]]:
    if place.lon is None or place.lat is None:
        return []
    features = layers.features("un_base")
    found = layers.within(
        np.array([place.lon]),
        np.array([place.lat]),
        np.array([day], dtype=np.int64),
        layer="un_base",
        kinds=(),
        reach_m=rule.nearby_km * _METRES_IN_KM,
    )[0]
    nearest = sorted((metres, features[at].feature_id, features[at].name) for at, metres in found)
    return [
        {"feature_id": feature_id, "name": name, "distance_m": round(metres)}
        for metres, feature_id, name in nearest[:_NEAREST_SHOWN]
    ]


def _obstructions(
    rule: AttackOnUn, answers: Answers, exhibits: Exhibits, layers: Layers
) -> Iterable[Finding]:
    columns = exhibits.columns
    states: dict[str, list[int]] = defaultdict(list)
    for row in _in_states(rule, columns):
        states[columns.adm1[row]].append(row)
    for adm1 in sorted(states):
        rows = states[adm1]
        for day in sorted({int(columns.day[row]) for row in rows}):
            if not answers.covers(adm1, ANY_ACTOR, day):
                continue
            first = day - rule.obstruction_days + 1
            window = tuple(row for row in rows if first <= columns.day[row] <= day)
            if len(window) >= rule.obstruction_min:
                yield _pattern(rule, adm1, day, rows=window, layers=layers)


def _pattern(
    rule: AttackOnUn, adm1: str, day: int, *, rows: tuple[int, ...], layers: Layers
) -> Finding:
    state = areas_of(layers).get(adm1)
    name = state.name if state else adm1
    return Finding(
        place=Place(
            key=adm1,
            name=name,
            adm1=adm1,
            adm2="",
            lon=state.lon if state else None,
            lat=state.lat if state else None,
        ),
        actor_class=ANY_ACTOR,
        day=day,
        band=Band.HIGH,
        certainty=Certainty.CERTAIN,
        rows=rows,
        variant=OBSTRUCTION,
        numbers={
            "obstructions": len(rows),
            "threshold": rule.obstruction_min,
            "window_days": rule.obstruction_days,
        },
        excluded=("Obstructions whose state is not certain are not counted.",),
        explanation=(
            f"The UN was obstructed {count(len(rows), 'time')} in {name} in the "
            f"{rule.obstruction_days} days to {when(day)} (threshold {rule.obstruction_min}). "
            "Such a pattern often precedes an attack or hides abuse."
        ),
    )


def _of_types(columns: IncidentColumns, types: Sequence[str]) -> list[int]:
    wanted = frozenset(types)
    return [row for row, kind in enumerate(columns.event_type) if kind in wanted]


def _in_states(rule: AttackOnUn, columns: IncidentColumns) -> list[int]:
    """Return the obstructions whose state is certain."""
    rows = _of_types(columns, rule.obstruction_types)
    if not rows:
        return rows
    classes = _classes(rule)
    return [row for row in rows if columns.adm1[row] and columns.event_class[row] in classes]


def _classes(rule: AttackOnUn) -> frozenset[str]:
    return frozenset(event_class(kind) for kind in rule.obstruction_types)


def _range(rule: AttackOnUn, key: str, actor: str, days: tuple[int, int]) -> FlagRange:
    return FlagRange(
        rule_id=rule.rule_id,
        place_key=key,
        actor_class=actor,
        day_from=days[0],
        day_to=days[1],
    )
