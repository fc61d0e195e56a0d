"""R03: more incidents or deaths in a county than its own past explains.

One flag a county, series and mission-local day, for all actors. Only days on which something of the
series happened are judged: a window that merely goes on holding yesterday's incidents tells nothing
new, and without a clock the days to come would be raised before they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from processing.rules import mass_killing
from processing.rules.drafting import Finding, draft
from processing.rules.exhibits import Exhibits
from processing.rules.explain import band_word, usual, when
from processing.rules.layers import Layers, areas_of
from processing.rules.mass_killing import ANY_ACTOR, county_place
from processing.rules.ranges import Answers, merged
from processing.rules.tempo_counts import DEATHS, daily
from processing.rules.tempo_tail import baseline_days
from processing.rules.tempo_verdict import Verdict, needed_days, verdicts
from processing.rules.window import (
    BoolArray,
    CubeColumns,
    CubeWindow,
    FlagDraft,
    FlagRange,
    IncidentColumns,
    IncidentWindow,
    IntArray,
    Scope,
    Touched,
    among,
    numbered,
)
from processing.rules.windows import grouped
from schemas.clock import EPOCH_DAY
from schemas.flag import Certainty
from schemas.rule import TempoEscalation, TempoSeries

_SMALLEST_SHOWN = 0.0001
_NO_ROWS: IntArray = np.zeros(0, dtype=np.int64)


def scope_of(rule: TempoEscalation, touched: Touched, layers: Layers) -> Scope:
    """Look again at the touched counties, from the touched days on for as long as they count."""
    days: dict[str, list[int]] = defaultdict(list)
    lone: list[tuple[str, int, frozenset[int]]] = []
    for columns in (touched.before, touched.after):
        severe = mass_killing.severe_rows(rule, columns)
        for row in {*_counted(rule, columns), *severe}:
            if columns.adm2[row]:
                days[columns.adm2[row]].append(int(columns.day[row]))
        unsure = [row for row in severe if not columns.adm2[row]]
        for row, key in zip(unsure, mass_killing.place_keys(columns, unsure, layers), strict=True):
            cells = mass_killing.cells_of(columns, row, key, layers)
            lone.append((key, int(columns.day[row]), cells))
    if not days and not lone:
        return Scope()
    after = needed_days(rule)
    spans = {county: (min(own), max(own) + after) for county, own in days.items()}
    return Scope(
        flags=merged(_ranges(rule, spans, lone)),
        incidents=_windows(rule, spans, lone, layers),
        cube=_cube_windows(rule, spans),
    )


def evaluate(
    rule: TempoEscalation,
    scope: Scope,
    incidents: IncidentColumns,
    cube: CubeColumns,
    layers: Layers,
) -> list[FlagDraft]:
    """Return the flags of the keys in scope."""
    answers = Answers(scope)
    exhibits = Exhibits(incidents)
    findings = [
        *_tempo(rule, scope, exhibits, cube, layers),
        *mass_killing.findings(rule, answers, exhibits, layers),
    ]
    return [draft(rule, finding, exhibits) for finding in findings]


def _tempo(
    rule: TempoEscalation, scope: Scope, exhibits: Exhibits, cube: CubeColumns, layers: Layers
) -> Iterable[Finding]:
    known = frozenset(cube.adm2)
    asked = [one for one in scope.flags if one.place_key in known]
    if not asked or not cube.incidents.size:
        return
    counties = sorted({one.place_key for one in asked})
    day_to = min(max(one.day_to for one in asked), cube.day_to)
    day_from = min(one.day_from for one in asked) - needed_days(rule)
    counts = daily(rule, cube, counties, day_from=day_from, day_to=day_to)
    wanted = _asked(asked, counties, day_from, counts.shape[1:])
    known_from = _known_from(rule)
    known_from = None if known_from is None else known_from - day_from
    # All series are judged at once, as if each had counties of its own.
    alone = counts.reshape(-1, counts.shape[2])
    area, day = np.nonzero((wanted & (counts > 0)).reshape(alone.shape))
    found = verdicts(rule, alone, area, day, known_from=known_from)
    evidence = _Evidence(rule, exhibits)
    for verdict in found:
        number, county = divmod(verdict.county, len(counties))
        series, at = rule.series[number], (counties[county], verdict.day + day_from)
        rows = evidence.rows(number, series, at)
        if rows:
            yield _finding(rule, series, verdict, rows=rows, at=at, layers=layers)


def _known_from(rule: TempoEscalation) -> int | None:
    """Return the first day whose whole baseline is recorded, None when nothing is said of it."""
    if rule.records_from is None:
        return None
    return (rule.records_from - EPOCH_DAY).days + baseline_days(rule)


def _asked(
    ranges: Iterable[FlagRange], counties: Sequence[str], day_from: int, shape: tuple[int, ...]
) -> BoolArray:
    """Return the (county, day) that must be answered for."""
    asked = np.zeros(shape, dtype=np.bool_)
    number = {county: at for at, county in enumerate(counties)}
    for one in ranges:
        first, last = one.day_from - day_from, one.day_to - day_from
        asked[number[one.place_key], max(first, 0) : max(last + 1, 0)] = True
    return asked


class _Evidence:
    """The incidents behind counts: of a county, of a series' classes, in a window of days."""

    def __init__(self, rule: TempoEscalation, exhibits: Exhibits) -> None:
        columns = exhibits.columns
        self._exhibits = exhibits
        self._window_days = rule.window_days
        self._counted = [among(columns.event_class, one.event_classes) for one in rule.series]
        self._of_county = _by_text(columns.adm2)

    def rows(self, number: int, series: TempoSeries, at: tuple[str, int]) -> tuple[int, ...]:
        """Return the rows that were counted for a county on the window that ends on a day."""
        county, day = at
        own = self._of_county.get(county, _NO_ROWS)
        days = self._exhibits.columns.day[own]
        window = own[slice(*days.searchsorted((day - self._window_days + 1, day + 1)).tolist())]
        rows = window[self._counted[number][window]].tolist()
        if series.measure != DEATHS:
            return tuple(rows)
        shown = self._exhibits.of_all(rows)
        return tuple(row for row, one in zip(rows, shown, strict=True) if one.civilians_killed)


def _by_text(column: Sequence[str]) -> dict[str, IntArray]:
    """Return the rows of each text of a column, in order."""
    if not len(column):
        return {}
    number = numbered(column)
    order = number.argsort(kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    return {column[int(rows[0])]: rows for rows in parts}


def _finding(
    rule: TempoEscalation,
    series: TempoSeries,
    verdict: Verdict,
    *,
    rows: tuple[int, ...],
    at: tuple[str, int],
    layers: Layers,
) -> Finding:
    county, day = at
    place = county_place(county, layers)
    return Finding(
        place=place,
        actor_class=ANY_ACTOR,
        day=day,
        band=verdict.band,
        certainty=Certainty.CERTAIN,
        rows=rows,
        variant=series.name,
        numbers=_numbers(rule, series, verdict, areas_of(layers).counties),
        excluded=(
            "Incidents whose county is not certain are in no county's count.",
            "Reporting follows roads and daylight; no measure of effort is set against the counts.",
        ),
        explanation=_sentence(rule, series, verdict, name=place.name, day=day),
    )


def _numbers(
    rule: TempoEscalation, series: TempoSeries, verdict: Verdict, counties: int
) -> dict[str, Any]:
    return {
        "series": series.name,
        "measure": series.measure,
        "window_days": rule.window_days,
        "count": verdict.count,
        "expected": round(verdict.usual, 6),
        "baseline_count": verdict.baseline,
        "baseline_weeks": rule.baseline_weeks,
        "chance": float(f"{verdict.chance:.6g}"),
        "watch_at": verdict.watch_at,
        "alert_at": verdict.alert_at,
        "cusum": round(verdict.cusum, 6),
        "cusum_limit": rule.cusum_limit,
        "dispersion_k": rule.dispersion_k,
        "sustained": verdict.is_sustained,
        "counties": counties,
        # What the tails promise at most when nothing changes anywhere: to be read beside the flag.
        "expected_false_watch_a_week": round(counties * rule.watch_tail, 3),
        "expected_false_alert_a_week": round(counties * rule.alert_tail, 3),
    }


def _sentence(
    rule: TempoEscalation, series: TempoSeries, verdict: Verdict, *, name: str, day: int
) -> str:
    what = "civilian deaths" if series.measure == DEATHS else f"incidents ({series.name})"
    return (
        f"{verdict.count} {what} in {name} in the {rule.window_days} days to {when(day)}; the "
        f"{rule.baseline_weeks} weeks before make {usual(verdict.usual)} usual. "
        f"{_why(rule, verdict)}: {band_word(verdict.band)}."
    )


def _why(rule: TempoEscalation, verdict: Verdict) -> str:
    chance = _percent(verdict.chance)
    if verdict.is_alert:
        return f"By chance so many come in {chance} of weeks (threshold {verdict.alert_at})"
    if verdict.is_slow_rise:
        return (
            f"A slow rise over months adds up to {verdict.cusum:.1f} standard deviations "
            f"(limit {rule.cusum_limit:g})"
        )
    if verdict.is_watch:
        return f"By chance so many come in {chance} of weeks (threshold {verdict.watch_at})"
    return (
        f"Raised within the last days and still above {rule.clear_below:.0%} of the threshold "
        f"({verdict.watch_at})"
    )


def _percent(share: float) -> str:
    return "under 0.01%" if share < _SMALLEST_SHOWN else f"{share:.2%}"


def _counted(rule: TempoEscalation, columns: IncidentColumns) -> list[int]:
    rows: list[int] = np.flatnonzero(among(columns.event_class, _classes(rule))).tolist()
    return rows


def _classes(rule: TempoEscalation) -> frozenset[str]:
    return frozenset(name for series in rule.series for name in series.event_classes)


def _ranges(
    rule: TempoEscalation,
    spans: Mapping[str, tuple[int, int]],
    lone: Iterable[tuple[str, int, frozenset[int]]],
) -> Iterable[FlagRange]:
    keys = [(county, first, last) for county, (first, last) in spans.items()]
    for key, first, last in (*keys, *((place, day, day) for place, day, _ in lone)):
        yield FlagRange(
            rule_id=rule.rule_id,
            place_key=key,
            actor_class=ANY_ACTOR,
            day_from=first,
            day_to=last,
        )


def _windows(
    rule: TempoEscalation,
    spans: Mapping[str, tuple[int, int]],
    lone: Iterable[tuple[str, int, frozenset[int]]],
    layers: Layers,
) -> tuple[IncidentWindow, ...]:
    """Return where the evidence of counts is, and where many may have been killed at once."""
    areas = areas_of(layers)
    counties = (
        (areas.cells4(county), first - rule.window_days + 1, last)
        for county, (first, last) in spans.items()
    )
    return grouped(
        (*counties, *((cells, day, day) for _, day, cells in lone)),
        event_classes=_classes(rule),
        or_severity=mass_killing.least_severity(rule),
        slack_days=rule.window_days,
    )


def _cube_windows(
    rule: TempoEscalation, spans: Mapping[str, tuple[int, int]]
) -> tuple[CubeWindow, ...]:
    before, classes = needed_days(rule), _classes(rule)
    counties: dict[tuple[int, int], set[str]] = defaultdict(set)
    for county, span in spans.items():
        counties[span].add(county)
    return tuple(
        CubeWindow(
            adm2=frozenset(counties[span]),
            day_from=span[0] - before,
            day_to=span[1],
            event_classes=classes,
        )
        for span in sorted(counties)
    )
