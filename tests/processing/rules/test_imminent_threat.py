from __future__ import annotations

from typing import Any

import pytest

from processing.rules.loading import default_rules
from processing.rules.window import FlagDraft
from schemas.flag import Band
from schemas.incident import Incident
from schemas.rule import ImminentThreat
from tests.processing.rules.desk import conclude
from tests.processing.rules.incidents import incident
from tests.processing.rules.small_layers import DAY_0, LAYERS

RULE = next(rule for rule in default_rules().rules if isinstance(rule, ImminentThreat))


def threat(name: str = "a", **more: Any) -> Incident:  # noqa: ANN401
    return incident(name, event_type="VC_IMMINENT_THREAT", **more)


def flag_of(*incidents: Incident) -> FlagDraft:
    flags = conclude(RULE, LAYERS, incidents)
    return flags[f"R09|town-karo|ARMED_GROUP|{DAY_0 + 15}"]


def test_one_report_is_enough() -> None:
    flag = flag_of(threat(weight_milli=70))
    assert flag.band is Band.HIGH
    assert flag.unverified
    assert "one report is enough" in flag.explanation


def test_two_independent_sources_of_one_threat_are_critical() -> None:
    flag = flag_of(threat(n_independent=2))
    assert flag.band is Band.CRITICAL
    assert flag.numbers["independent_sources"] == 2


# 0.09 degrees of latitude are 9.95 km, 0.092 are 10.2 km.
@pytest.mark.parametrize(
    ("other", "band"),
    [
        ({"at": (30.5, 8.589), "hour": 12}, Band.CRITICAL),
        ({"at": (30.5, 8.592), "hour": 12}, Band.HIGH),
        ({"day": 16, "hour": 11.9}, Band.CRITICAL),
        ({"day": 16, "hour": 12.1}, Band.HIGH),
        ({"day": 14, "hour": 12.1}, Band.CRITICAL),
        ({"radius_m": 30_000}, Band.HIGH),
        ({"at": None}, Band.HIGH),
    ],
)
def test_threats_near_by_in_place_and_time_add_their_sources(
    other: dict[str, Any], band: Band
) -> None:
    flag = flag_of(threat(), threat("b", actor_class="UNKNOWN", **other))
    assert flag.band is band


def test_a_match_is_evidence_and_says_how_sources_were_counted() -> None:
    flag = flag_of(threat(), threat("b", actor_class="UNKNOWN"))
    assert len(flag.evidence) == 2
    assert any("counts twice" in note for note in flag.excluded)


def test_other_events_are_no_threats() -> None:
    assert conclude(RULE, LAYERS, [incident(event_type="VC_KILLING")]) == {}
