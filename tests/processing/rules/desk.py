"""An in-memory store that runs a rule over batches of changes as the pipeline does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import h3.api.basic_int as h3

from processing.rules.layers import Layers
from processing.rules.ranges import Answers
from processing.rules.registry import evaluate, scope_of
from processing.rules.window import (
    CubeWindow,
    FlagDraft,
    IncidentColumns,
    IncidentWindow,
    Scope,
    Touched,
)
from schemas.incident import Incident
from schemas.rule import Rule
from tests.processing.rules.incidents import columns, cube


class Desk:
    """Keeps incidents and flags. `generous`: reads give more than was asked for."""

    def __init__(self, rule: Rule, layers: Layers, *, generous: bool = False) -> None:
        self.incidents: dict[str, Incident] = {}
        self.flags: dict[str, FlagDraft] = {}
        self._rule = rule
        self._layers = layers
        self._generous = generous

    def apply(self, batch: Mapping[str, Incident | None]) -> None:
        """Take in incidents by id, None for one that is gone, and conclude."""
        before = columns(self.incidents[key] for key in batch if key in self.incidents)
        after = columns(one for one in batch.values() if one is not None)
        for key, one in batch.items():
            if one is None:
                self.incidents.pop(key, None)
            else:
                self.incidents[key] = one
        touched = Touched(before=before, after=after)
        scope = scope_of(self._rule, touched, self._layers, self._read)
        drafts = self._evaluate(scope)
        answers = Answers(scope)
        stale = [key for key, flag in self.flags.items() if _is_covered(answers, flag)]
        for key in stale:
            del self.flags[key]
        for draft in drafts:
            assert _is_covered(answers, draft), f"{draft.flag_key()} is outside the scope"
            assert draft.flag_key() not in self.flags, f"{draft.flag_key()} came twice"
            self.flags[draft.flag_key()] = draft

    def _evaluate(self, scope: Scope) -> list[FlagDraft]:
        read = self._read(scope.incidents)
        counted = [one for one in self.incidents.values() if self._is_counted(scope.cube, one)]
        return evaluate(self._rule, scope, read, cube(counted), self._layers)

    def _read(self, windows: Iterable[IncidentWindow]) -> IncidentColumns:
        return columns(one for one in self.incidents.values() if self._is_read(windows, one))

    def _is_read(self, windows: Iterable[IncidentWindow], one: Incident) -> bool:
        return self._generous or any(_holds(window, one) for window in windows)

    def _is_counted(self, windows: Iterable[CubeWindow], one: Incident) -> bool:
        if self._generous:
            return True
        return any(
            (one.adm2 or "") in window.adm2
            and window.day_from <= one.day <= window.day_to
            and (not window.event_classes or one.event_class in window.event_classes)
            for window in windows
        )


def conclude(rule: Rule, layers: Layers, incidents: Iterable[Incident]) -> dict[str, FlagDraft]:
    """Return the flags of some incidents, all at once."""
    desk = Desk(rule, layers, generous=True)
    desk.apply({one.incident_id: one for one in incidents})
    return desk.flags


def cell4(one: Incident) -> int:
    if one.lon is None or one.lat is None:
        return 0
    return int(h3.latlng_to_cell(one.lat, one.lon, 4))


def _holds(window: IncidentWindow, one: Incident) -> bool:
    is_severe = 0 < window.or_severity <= one.severity
    return (
        cell4(one) in window.cells4
        and window.day_from <= one.day <= window.day_to
        and (not window.event_classes or one.event_class in window.event_classes or is_severe)
        and (not window.actor_keys or one.actor_key in window.actor_keys)
    )


def _is_covered(answers: Answers, flag: FlagDraft) -> bool:
    return answers.covers(flag.place_key, flag.actor_class, flag.day)
