"""What a rule concludes is a function of the set of incidents, not of how they came."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.rules.loading import default_rules
from schemas.incident import Incident, Victims
from tests.processing.rules.desk import Desk, conclude
from tests.processing.rules.incidents import incident
from tests.processing.rules.small_layers import LAYERS

# A shorter past for R05, so that a few incidents are enough to fill it.
RULES = {
    rule.rule_id: rule.model_copy(update={"baseline_days": 60} if rule.rule_id == "R05" else {})
    for rule in default_rules().rules
}
RULE_IDS = sorted(RULES)

# Few places, days and actors, so that incidents meet; some have no place or a wide one.
TYPES = {
    "R01": ("AC_CLASH", "AC_SHELLING", "VC_LOOT_BURN", "VC_EXTORTION"),
    "R03": ("VC_KILLING", "AC_CLASH", "VC_ASSAULT"),
    "R05": ("VC_KILLING", "AC_CLASH"),
    "R08": ("UN_ATTACK_PATROL", "UN_ATTACK_BASE", "UN_OBSTRUCTION"),
    "R09": ("VC_IMMINENT_THREAT", "AP_ULTIMATUM"),
}
DAYS = {"R01": 20, "R03": 120, "R05": 80, "R08": 20, "R09": 6}
ANCHORS = ((30.5, 8.5), (30.52, 8.53), (30.98, 8.6), (31.1, 8.6), (30.9, 9.0), (30.3, 8.8))
OFFSETS = (0.0, 0.01, 0.03, -0.04, 0.09, 0.15)

Step = tuple[str, Incident | None]


def some_incident(rule_id: str, name: str, chance: Random) -> Incident:
    lon, lat = chance.choice(ANCHORS[:3] if rule_id == "R05" else ANCHORS)
    point = (round(lon + chance.choice(OFFSETS), 6), round(lat + chance.choice(OFFSETS), 6))
    killed = chance.choice((0, 0, 1, 2, 6, 30))
    return incident(
        name,
        victims=Victims(killed_best=killed, civilians_killed_best=killed),
        day=chance.randint(0, DAYS[rule_id]),
        hour=chance.choice((0.5, 6.0, 12.0, 23.5)),
        at=point if chance.random() < 0.9 else None,
        radius_m=chance.choice((25.0, 100.0, 1_000.0, 1_000.0, 5_000.0, 25_000.0, 60_000.0)),
        event_type=chance.choice((*TYPES[rule_id], *TYPES[rule_id], "PO_RIOT")),
        actor=chance.choice(("", "red", "red", "blue")),
        actor_class=chance.choice(("ARMED_GROUP", "UNKNOWN")),
        severity=chance.randint(1, 3) if rule_id == "R01" else 5,
        weight_milli=chance.choice((100, 700)),
        n_independent=chance.randint(1, 2),
        level=chance.randint(0, 1),
    )


def some_history(rule_id: str, chance: Random) -> list[Step]:
    """Every incident in one to three versions, of which the last may be that it is gone."""
    waiting: list[list[Step]] = []
    for at in range(chance.randint(1, 35 if rule_id == "R05" else 20)):
        name = f"{at:02}"
        versions: list[Incident | None] = [
            some_incident(rule_id, name, chance) for _ in range(chance.choice((1, 1, 2, 3)))
        ]
        if chance.random() < 0.15:
            versions.append(None)
        waiting.append([(f"incident-{name}", one) for one in versions])
    order = [at for at, own in enumerate(waiting) for _ in own]
    chance.shuffle(order)
    return [waiting[at].pop(0) for at in order]


def live(history: list[Step]) -> list[Incident]:
    return [one for one in dict(history).values() if one is not None]


def in_batches(desk: Desk, history: list[Step], chance: Random) -> None:
    largest, at = chance.choice((1, 3, 9)), 0
    while at < len(history):
        size = chance.randint(1, largest)
        # The later of two versions in one batch counts, as in the pipeline.
        desk.apply(dict(history[at : at + size]))
        at += size


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_any_order_and_cuts_conclude_the_same(rule_id: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10**9))
    def check(seed: int) -> None:
        chance = Random(seed)
        history = some_history(rule_id, chance)
        at_once = conclude(RULES[rule_id], LAYERS, live(history))
        desk = Desk(RULES[rule_id], LAYERS, generous=chance.random() < 0.3)
        in_batches(desk, history, chance)
        assert desk.flags == at_once

    check()


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_the_histories_raise_flags(rule_id: str) -> None:
    """Keep the test above honest: what it compares is not empty."""
    raised = [
        len(conclude(RULES[rule_id], LAYERS, live(some_history(rule_id, Random(seed)))))
        for seed in range(20)
    ]
    assert sum(raised) > 10
