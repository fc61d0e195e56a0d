"""R05: after one attack, the risk near by is raised.

An incident of a named actor is compared with the same actor's earlier incidents within the wide
band, and their number with what the actor's own past there makes usual: a place that is always
attacked does not stand out. One flag a grid cell (about 45 km wide), actor class and mission-local
day gathers the incidents that stand out; the strongest one gives the numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from processing.rules.cells import WINDOW_RESOLUTION, cell_of, cell_text, cover
from processing.rules.certainty import settle
from processing.rules.drafting import Finding, draft
from processing.rules.exhibits import Exhibits
from processing.rules.explain import band_word, count, event_label, km, place_note, usual, when
from processing.rules.layers import Layers, areas_of
from processing.rules.near_repeats import (
    Repeats,
    attributed_rows,
    reach_m,
    repeats_of,
    rows_after,
)
from processing.rules.places import Place, cell_key, near_cell_name
from processing.rules.ranges import Answers, Span
from processing.rules.window import (
    FlagDraft,
    FlagRange,
    IncidentColumns,
    IncidentWindow,
    IntArray,
    ReadIncidents,
    Scope,
    Touched,
    together,
)
from processing.rules.windows import grouped
from schemas.flag import Band, Certainty
from schemas.rule import Recurrence

_METRES_IN_KM = 1_000.0
_SITES_SHOWN = 10


def scope_of(rule: Recurrence, touched: Touched, read: ReadIncidents) -> Scope:
    """Look again at the flags of what a touched incident is, or may be, part of the past of.

    Half a year around a busy county is thousands of incidents. So only those of the touched actors
    are read to find these flags, and only those of their actors to judge them.
    """
    moved = together(touched.before, touched.after)
    rows = attributed_rows(rule, moved)
    if not len(rows):
        return Scope()
    days = rule.baseline_days
    around = [_Around.of(rule, moved, row) for row in rows.tolist()]
    later = read(_windows(rule, ((one, one.day, one.day + days) for one in around)))
    keys = {_key_of(moved, row) for row in rows.tolist()}
    keys |= {_key_of(later, row) for row in rows_after(rule, moved, rows, later)}
    # A flag gathers what all actors of a class did in a cell on a day.
    there = read(_on_days(rule, keys))
    beside = (_Around.of(rule, there, row) for row in _rows_of(rule, there, keys))
    return Scope(
        flags=tuple(_range(rule, key) for key in sorted(keys)),
        incidents=_windows(rule, ((one, one.day - days, one.day) for one in beside)),
    )


class _Around(NamedTuple):
    """The cells of what may be near an incident, its actor and its day."""

    cells: frozenset[int]
    actor_key: str
    day: int

    @staticmethod
    def of(rule: Recurrence, columns: IncidentColumns, row: int) -> _Around:
        cells = cover(float(columns.lon[row]), float(columns.lat[row]), reach_m(rule))
        return _Around(cells, columns.actor_key[row], int(columns.day[row]))


# The cell, the actor class and the day of a flag.
_Key = tuple[int, str, int]


def _key_of(columns: IncidentColumns, row: int) -> _Key:
    cell = cell_of(float(columns.lon[row]), float(columns.lat[row]), WINDOW_RESOLUTION)
    return cell, columns.actor_class[row], int(columns.day[row])


def _rows_of(rule: Recurrence, columns: IncidentColumns, keys: Collection[_Key]) -> Iterator[int]:
    rows: list[int] = attributed_rows(rule, columns).tolist()
    return (row for row in rows if _key_of(columns, row) in keys)


def _windows(
    rule: Recurrence, wanted: Iterable[tuple[_Around, int, int]]
) -> tuple[IncidentWindow, ...]:
    """Return one window for the same cells and actor, from the first of their days to the last."""
    spans: dict[tuple[frozenset[int], str], Span] = {}
    for one, first, last in wanted:
        key = one.cells, one.actor_key
        known = spans.get(key, (first, last))
        spans[key] = min(known[0], first), max(known[1], last)
    return tuple(
        IncidentWindow(
            cells4=cells,
            day_from=first,
            day_to=last,
            event_classes=frozenset(rule.event_classes),
            actor_keys=frozenset({actor_key}),
        )
        for (cells, actor_key), (first, last) in spans.items()
    )


def _on_days(rule: Recurrence, keys: Iterable[_Key]) -> tuple[IncidentWindow, ...]:
    return grouped(
        ((frozenset({cell}), day, day) for cell, _, day in keys),
        event_classes=frozenset(rule.event_classes),
        named_only=True,
    )


def _range(rule: Recurrence, key: _Key) -> FlagRange:
    cell, actor_class, day = key
    return FlagRange(
        rule_id=rule.rule_id,
        place_key=f"cell:{cell_text(cell)}",
        actor_class=actor_class,
        day_from=day,
        day_to=day,
    )


def evaluate(
    rule: Recurrence, scope: Scope, incidents: IncidentColumns, layers: Layers
) -> list[FlagDraft]:
    """Return the flags of the keys in scope."""
    answers = Answers(scope)
    exhibits = Exhibits(incidents)
    counted = attributed_rows(rule, incidents)
    keys = _keys_in_scope(incidents, counted, answers)
    found: dict[tuple[str, str, int], list[_Raised]] = defaultdict(list)
    targets = np.array(list(keys), dtype=np.int64)
    for repeats in repeats_of(rule, incidents, counted, targets):
        raised = _judge(rule, repeats)
        if raised is not None:
            row = repeats.row
            found[keys[row], incidents.actor_class[row], int(incidents.day[row])].append(raised)
    return [
        draft(rule, _finding(rule, key[0], found[key], exhibits, layers), exhibits)
        for key in sorted(found)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raised:
    """An incident that stands out, and how."""

    repeats: Repeats
    prior: tuple[int, ...]
    near: int
    band: Band
    certainty: Certainty

    @property
    def ratio(self) -> float:
        return len(self.prior) / self.repeats.expected

    def rank(self) -> tuple[int, bool, float, int]:
        possible = self.certainty is Certainty.POSSIBLE
        return -self.band, possible, -self.ratio, self.repeats.row


def _judge(rule: Recurrence, repeats: Repeats) -> _Raised | None:
    surely = _raised(rule, repeats, Certainty.CERTAIN)
    maybe = _raised(rule, repeats, Certainty.POSSIBLE)
    found = [one for one in (surely, maybe) if one is not None]
    return min(found, key=_Raised.rank, default=None)


def _raised(rule: Recurrence, repeats: Repeats, certainty: Certainty) -> _Raised | None:
    is_certain = certainty is Certainty.CERTAIN
    prior = repeats.certain if is_certain else repeats.possible
    near = repeats.near_certain if is_certain else repeats.near_possible
    if len(prior) < rule.min_prior or len(prior) < rule.min_ratio * repeats.expected:
        return None
    band = settle(Band.HIGH if near else Band.MEDIUM, certainty)
    if band is None:
        return None
    return _Raised(repeats=repeats, prior=prior, near=len(near), band=band, certainty=certainty)


def _finding(
    rule: Recurrence, key: str, found: Sequence[_Raised], exhibits: Exhibits, layers: Layers
) -> Finding:
    columns = exhibits.columns
    best = min(found, key=_Raised.rank)
    row, day = best.repeats.row, int(columns.day[best.repeats.row])
    place = _place(columns, row, key, layers)
    rows = tuple(sorted({one for raised in found for one in (raised.repeats.row, *raised.prior)}))
    return Finding(
        place=place,
        actor_class=columns.actor_class[row],
        day=day,
        band=best.band,
        certainty=best.certainty,
        rows=rows,
        numbers={
            "actor_key": columns.actor_key[row],
            "incidents": len(found),
            "prior_incidents": len(best.prior),
            "prior_in_near_band": best.near,
            "expected": round(best.repeats.expected, 6),
            "ratio": round(best.ratio, 6),
            "min_ratio": rule.min_ratio,
            "baseline_incidents": best.repeats.baseline,
            "baseline_days": rule.baseline_days - rule.band_wide.within_days,
            "within_km": rule.band_wide.within_km,
            "within_days": rule.band_wide.within_days,
            "sites_at_risk": _sites(rule, columns, row, layers),
        },
        excluded=(
            "Incidents whose actor is not named are not compared.",
            f"Places known no better than {rule.band_near.within_km:g} km are not compared.",
        ),
        explanation=_sentence(rule, columns, best, place.name),
    )


def _place(columns: IncidentColumns, row: int, key: str, layers: Layers) -> Place:
    lon, lat = float(columns.lon[row]), float(columns.lat[row])
    area = columns.adm2[row] or columns.adm1[row]
    name = near_cell_name(lon, lat, int(columns.day[row]), layers)
    return Place(
        key=key,
        name=name or (areas_of(layers).name(area) if area else key.removeprefix("cell:")),
        adm1=columns.adm1[row],
        adm2=columns.adm2[row],
        lon=lon,
        lat=lat,
    )


def _sites(
    rule: Recurrence, columns: IncidentColumns, row: int, layers: Layers
) -> list[dict[str, Any]]:
    """Return the sites in the wide band, those at the highest risk first.

    The weight is exp(-d / decay_km) on the day of the flag, and falls by exp(-t / decay_days).
    """
    found: list[tuple[float, str, str]] = []
    for layer in rule.site_layers:
        features = layers.features(layer)
        pairs = layers.within(
            columns.lon[[row]],
            columns.lat[[row]],
            columns.day[[row]],
            layer=layer,
            kinds=(),
            reach_m=rule.band_wide.within_km * _METRES_IN_KM,
        )[0]
        found += [(metres, features[at].feature_id, features[at].name) for at, metres in pairs]
    return [
        {
            "feature_id": feature_id,
            "name": name,
            "distance_m": round(metres),
            "weight": round(math.exp(-metres / _METRES_IN_KM / rule.decay_km), 6),
        }
        for metres, feature_id, name in sorted(found)[:_SITES_SHOWN]
    ]


def _sentence(rule: Recurrence, columns: IncidentColumns, best: _Raised, name: str) -> str:
    what = event_label(columns.event_type[best.repeats.row])
    wide = rule.band_wide
    near = (
        f", {best.near} of them within {rule.band_near.within_km:g} km and "
        f"{rule.band_near.within_days} days"
        if best.near
        else ""
    )
    return (
        f"{what[:1].upper()}{what[1:]} near {name} on "
        f"{when(int(columns.day[best.repeats.row]))}, after "
        f"{count(len(best.prior), 'incident')} of the same actor within "
        f"{km(wide.within_km * _METRES_IN_KM)} and {wide.within_days} days{near}; its own past "
        f"there makes {usual(best.repeats.expected)} usual ({best.ratio:.1f} times as many, "
        f"threshold {rule.min_ratio:g}): {band_word(best.band)}. The risk near by halves in about "
        f"{round(rule.decay_days * math.log(2))} days.{place_note(best.certainty)}"
    )


def _keys_in_scope(columns: IncidentColumns, counted: IntArray, answers: Answers) -> dict[int, str]:
    days = answers.rows_in_days(columns)
    keys: dict[int, str] = {}
    for row in counted[slice(*counted.searchsorted((days.start, days.stop)))].tolist():
        key = cell_key(float(columns.lon[row]), float(columns.lat[row]), WINDOW_RESOLUTION)
        if answers.covers(key, columns.actor_class[row], int(columns.day[row])):
            keys[row] = key
    return keys
