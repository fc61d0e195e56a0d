"""From what a rule found to a draft of a flag: what every kind does in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from processing.rules.exhibits import Exhibits, evidence, is_unverified
from processing.rules.explain import unverified_note
from processing.rules.places import Place
from processing.rules.priority import priority_of
from processing.rules.window import FlagDraft
from schemas.flag import Band, Certainty
from schemas.rule import RuleBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule concludes about one key. `rows` are the evidence, at least one.

    `gate_rows` are those whose weight decides whether the flag is unverified (all when empty).
    """

    place: Place
    actor_class: str
    day: int
    band: Band
    certainty: Certainty
    rows: tuple[int, ...]
    gate_rows: tuple[int, ...] = ()
    displaced_site: bool = False
    variant: str = ""
    numbers: dict[str, Any]
    excluded: tuple[str, ...] = ()
    explanation: str


def draft(rule: RuleBase, finding: Finding, exhibits: Exhibits) -> FlagDraft:
    """Return the draft of a finding, with the gate, the priority and the expiry of its rule."""
    rows = finding.rows
    shown = exhibits.of_all(rows)
    gate = exhibits.of_all(finding.gate_rows) or shown
    unverified = is_unverified(gate, rule.unverified_below_milli)
    priority = priority_of(
        finding.band,
        finding.certainty,
        children_or_crsv=any(one.children_or_crsv for one in shown),
        displaced_site=finding.displaced_site,
    )
    return FlagDraft(
        rule_id=rule.rule_id,
        variant=finding.variant,
        place_key=finding.place.key,
        place_name=finding.place.name,
        actor_class=finding.actor_class,
        day=finding.day,
        band=finding.band,
        priority=priority,
        certainty=finding.certainty,
        unverified=unverified,
        adm1=finding.place.adm1,
        adm2=finding.place.adm2,
        lon=finding.place.lon,
        lat=finding.place.lat,
        occurred_us=exhibits.latest_us(rows),
        level=exhibits.level(rows),
        illustrative=any(one.illustrative for one in shown),
        numbers={**finding.numbers, "expires_after_h": rule.expires_after_h},
        evidence=evidence(shown),
        excluded=finding.excluded,
        explanation=finding.explanation + unverified_note(unverified=unverified),
    )
