"""R03: more incidents or deaths in a county than its own past explains.

One flag a county, series and mission-local day, for all actors. Only days on which something of the
series happened are judged: a window that merely goes on holding yesterday's incidents tells nothing
new, and without a clock the days to come would be raised before they came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from processing.rules import mass_killing
from processing.rules.drafting import Finding, draft
from processing.rules.exhibits import Exhibits
from processing.rules.explain import band_word, usual, when
from processing.rules.layers import Layers, areas_of
from processing.rules.mass_killing import ANY_ACTOR, county_place
from processing.rules.ranges import Answers, merged
from processing.rules.tempo_counts import daily, select
from processing.rules.tempo_tail import baseline_days
from processing.rules.tempo_verdict import Verdict, needed_days, verdicts
from processing.rules.window import (
    CubeColumns,
    CubeWindow,
    FlagDraft,
    FlagRange,
    IncidentColumns,
    Scope,
    Touched,
)
from processing.rules.windows import grouped
from schemas.clock import EPOCH_DAY
from schemas.flag import Certainty
from schemas.rule import TempoEscalation, TempoSeries

_DEATHS = "civilian_deaths"
_SMALLEST_SHOWN = 0.0001
_NONE: tuple[list[int], list[int]] = ([], [])


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
        incidents=grouped(_wanted(rule, spans, lone, layers)),
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
    if not len(cube.day):
        return
    counties = sorted({one.place_key for one in scope.flags})
    day_to = min(max(one.day_to for one in scope.flags), int(cube.day.max()))
    day_from = min(one.day_from for one in scope.flags) - needed_days(rule)
    selected = select(cube, counties, day_from=day_from, day_to=day_to)
    asked = _asked(scope, counties, day_from, selected.shape)
    evidence = _Evidence(exhibits)
    known_from = _known_from(rule)
    known_from = None if known_from is None else known_from - day_from
    for series in rule.series:
        counts = daily(rule, series, selected)
        county, day = np.nonzero(asked & (counts > 0))
        for verdict in verdicts(rule, counts, county, day, known_from=known_from):
            at = (counties[verdict.county], verdict.day + day_from)
            rows = evidence.rows(rule, series, at)
            if rows:
                yield _finding(rule, series, verdict, rows=rows, at=at, layers=layers)


def _known_from(rule: TempoEscalation) -> int | None:
    """Return the first day whose whole baseline is recorded, None when nothing is said of it."""
    if rule.records_from is None:
        return None
    return (rule.records_from - EPOCH_DAY).days + baseline_days(rule)


def _asked(
    scope: Scope, counties: Sequence[str], day_from: int, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Return the (county, day) that the scope answers for."""
    asked = np.zeros(shape, dtype=np.bool_)
    number = {county: at for at, county in enumerate(counties)}
    for one in scope.flags:
        first, last = one.day_from - day_from, one.day_to - day_from
        asked[number[one.place_key], max(first, 0) : max(last + 1, 0)] = True
    return asked


class _Evidence:
    """The incidents behind counts: of a county, of a series' classes, in a window of days."""

    def __init__(self, exhibits: Exhibits) -> None:
        self._exhibits = exhibits
        self._by_county: dict[str, tuple[list[int], list[int]]] | None = None

    def rows(
        self, rule: TempoEscalation, series: TempoSeries, at: tuple[str, int]
    ) -> tuple[int, ...]:
        """Return the rows that were counted for a county on the window that ends on a day."""
        county, day = at
        classes = self._exhibits.columns.event_class
        own, days = self._of_county().get(county, _NONE)
        first = bisect_right(days, day - rule.window_days)
        last = bisect_right(days, day)
        rows = tuple(row for row in own[first:last] if classes[row] in series.event_classes)
        if series.measure != _DEATHS:
            return rows
        return tuple(
            row for row in rows if self._exhibits.incident(row).victims.civilians_killed_best
        )

    def _of_county(self) -> Mapping[str, tuple[list[int], list[int]]]:
        """Return rows and their days by county, in order of day."""
        if self._by_county is None:
            self._by_county = defaultdict(lambda: ([], []))
            columns = self._exhibits.columns
            facts = zip(columns.adm2, columns.day.tolist(), strict=True)
            for row, (adm2, day) in enumerate(facts):
                rows, days = self._by_county[adm2]
                rows.append(row)
                days.append(day)
        return self._by_county


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
    what = "civilian deaths" if series.measure == _DEATHS else f"incidents ({series.name})"
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
    classes = _classes(rule)
    return [row for row, name in enumerate(columns.event_class) if name in classes]


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


def _wanted(
    rule: TempoEscalation,
    spans: Mapping[str, tuple[int, int]],
    lone: Iterable[tuple[str, int, frozenset[int]]],
    layers: Layers,
) -> Iterable[tuple[frozenset[int], int, int]]:
    areas = areas_of(layers)
    for county, (first, last) in spans.items():
        yield areas.cells4(county), first - rule.window_days + 1, last
    for _, day, cells in lone:
        yield cells, day, day


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
