"""Rules are data: YAML validated into one of a few kinds (a tagged union on `kind`).

A kind is one pure function in `processing/rules/`. Parameters carry their units in their names;
`version` rises with every change, and flags keep the hash of the parameters that they used.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.flag import Band
from schemas.message import Key, ShortText, StrictMessage

Km = Annotated[float, Field(gt=0, le=500)]
Days = Annotated[int, Field(ge=1, le=366)]
Probability = Annotated[float, Field(gt=0, lt=1)]


class RuleBase(StrictMessage):
    """What every rule has. `page_horizon_h`: older evidence makes a flag retrospective."""

    rule_id: Key
    version: Annotated[int, Field(ge=1)]
    title: ShortText
    purpose: str
    shadow: bool = False
    page_horizon_h: Annotated[float, Field(gt=0, le=24 * 60)] = 48.0
    expires_after_h: Annotated[float, Field(gt=0, le=24 * 366)] = 48.0
    unverified_below_milli: Annotated[int, Field(ge=0, le=1_000)] = 500

    def params_sha256(self) -> str:
        """Return the hash of the canonical JSON of all parameters."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Ring(StrictMessage):
    """Within `within_km` of the site's edge the flag has this band."""

    within_km: Km
    band: Band


class SiteRings(StrictMessage):
    """Rings for features of a layer (and kind, or all kinds when empty), nearest first."""

    layer: Key
    kinds: tuple[Key, ...] = ()
    min_population: Annotated[int, Field(ge=0)] = 0
    rings: Annotated[tuple[Ring, ...], Field(min_length=1, max_length=5)]


class ViolenceNearSite(RuleBase):
    """R01: violence near a place where civilians are."""

    kind: Literal["violence_near_site"] = "violence_near_site"
    event_types: tuple[Key, ...] = ()
    event_classes: tuple[Key, ...] = ()
    wide_event_types: tuple[Key, ...] = ()
    wide_factor: Annotated[float, Field(ge=1, le=5)] = 2.0
    sites: Annotated[tuple[SiteRings, ...], Field(min_length=1)]
    medium_min_severity: Annotated[int, Field(ge=1, le=5)] = 2
    medium_min_incidents: Annotated[int, Field(ge=1, le=20)] = 2


class TempoSeries(StrictMessage):
    """A series that is counted: incidents of some classes, or civilian deaths."""

    name: Key
    event_classes: tuple[Key, ...]
    measure: Literal["count", "civilian_deaths"] = "count"


class TempoEscalation(RuleBase):
    """R03: more incidents or deaths in a county than its own past explains.

    Before `records_from` counts are unknown, not zero: no day is judged until its whole baseline
    is recorded. Without it every county rises when a mission begins to report.
    """

    kind: Literal["tempo_escalation"] = "tempo_escalation"
    records_from: date | None = None
    series: Annotated[tuple[TempoSeries, ...], Field(min_length=1)]
    window_days: Days = 7
    baseline_weeks: Annotated[int, Field(ge=4, le=52)] = 12
    guard_weeks: Annotated[int, Field(ge=0, le=4)] = 1
    dispersion_k: Annotated[float, Field(gt=0, le=1_000)] = 1.0
    watch_min: Annotated[int, Field(ge=1)] = 2
    watch_tail: Probability = 0.05
    alert_min: Annotated[int, Field(ge=1)] = 3
    alert_tail: Probability = 0.01
    cusum_slack_sd: Annotated[float, Field(ge=0, le=5)] = 0.5
    cusum_limit: Annotated[float, Field(gt=0, le=50)] = 4.0
    cusum_weeks: Annotated[int, Field(ge=4, le=52)] = 26
    min_sd: Annotated[float, Field(gt=0)] = 0.5
    clear_below: Annotated[float, Field(gt=0, le=1)] = 0.7
    clear_after_days: Days = 1
    winsor_deaths: Annotated[int, Field(ge=1)] = 50
    deaths_high: Annotated[int, Field(ge=1)] = 5
    deaths_critical: Annotated[int, Field(ge=1)] = 25


class RepeatBand(StrictMessage):
    """A near-repeat band: the same actor within this distance and time."""

    within_km: Km
    within_days: Days


class Recurrence(RuleBase):
    """R05: after one attack, the risk near by is raised.

    The baseline is as long as was recorded: it begins at `records_from` at the earliest.
    """

    kind: Literal["recurrence"] = "recurrence"
    records_from: date | None = None
    event_classes: tuple[Key, ...]
    band_near: RepeatBand
    band_wide: RepeatBand
    baseline_days: Days = 182
    min_prior: Annotated[int, Field(ge=1)] = 2
    min_ratio: Annotated[float, Field(ge=1)] = 2.0
    decay_days: Annotated[float, Field(gt=0)] = 14.0
    decay_km: Annotated[float, Field(gt=0)] = 7.0
    site_layers: tuple[Key, ...] = ("civilian_site", "settlement")


class AttackOnUn(RuleBase):
    """R08: an attack on the UN is always critical; repeated obstruction is high."""

    kind: Literal["attack_on_un"] = "attack_on_un"
    event_types: Annotated[tuple[Key, ...], Field(min_length=1)]
    obstruction_types: tuple[Key, ...] = ("UN_OBSTRUCTION",)
    obstruction_min: Annotated[int, Field(ge=2)] = 3
    obstruction_days: Days = 14
    nearby_km: Km = 30.0


class ImminentThreat(RuleBase):
    """R09: one credible threat is enough; two independent sources make it critical."""

    kind: Literal["imminent_threat"] = "imminent_threat"
    event_types: Annotated[tuple[Key, ...], Field(min_length=1)]
    match_km: Km = 10.0
    match_hours: Annotated[int, Field(ge=1, le=168)] = 24
    critical_independent: Annotated[int, Field(ge=2)] = 2


Rule = Annotated[
    ViolenceNearSite | TempoEscalation | Recurrence | AttackOnUn | ImminentThreat,
    Field(discriminator="kind"),
]


class RuleSet(StrictMessage):
    """The rules of a mission, in the order in which they are shown."""

    mission: Key
    rules: tuple[Rule, ...]
