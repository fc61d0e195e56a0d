from __future__ import annotations

from processing.rules.loading import default_rules
from processing.rules.window import FlagDraft
from schemas.flag import Band
from schemas.incident import Incident, Victims
from schemas.rule import AttackOnUn
from tests.processing.rules.desk import conclude
from tests.processing.rules.incidents import incident
from tests.processing.rules.small_layers import DAY_0, LAYERS

RULE = next(rule for rule in default_rules().rules if isinstance(rule, AttackOnUn))


def flags(*incidents: Incident) -> list[FlagDraft]:
    return list(conclude(RULE, LAYERS, incidents).values())


def obstruction(name: str, day: int, at: tuple[float, float] = (30.5, 8.5)) -> Incident:
    return incident(name, day=day, at=at, event_type="UN_OBSTRUCTION", severity=1)


class TestAttack:
    def test_is_always_critical(self) -> None:
        (flag,) = flags(incident(event_type="UN_ATTACK_PATROL", severity=1, weight_milli=50))
        assert flag.band is Band.CRITICAL
        assert flag.unverified
        assert flag.flag_key() == f"R08|town-karo|ARMED_GROUP|{DAY_0 + 15}"

    def test_far_from_anything_named_is_keyed_by_its_cell(self) -> None:
        (flag,) = flags(incident(event_type="UN_ATTACK_PATROL", at=(31.7, 9.7)))
        assert flag.place_key.startswith("cell:85")
        assert flag.place_name == "Northern County"

    def test_without_a_place_is_raised_all_the_same(self) -> None:
        (flag,) = flags(incident(event_type="UN_ATTACK_PATROL", at=None, adm1="SS02"))
        assert flag.place_key == "area:SS02"
        assert flag.place_name == "Northern State"
        assert flag.lon is None

    def test_counts_un_casualties_and_lists_who_must_be_accounted_for(self) -> None:
        hurt = Victims(un_killed_best=1, un_injured_best=2)
        (flag,) = flags(incident(event_type="UN_ATTACK_CONVOY", victims=hurt))
        assert (flag.numbers["un_killed"], flag.numbers["un_injured"]) == (1, 2)
        assert [base["name"] for base in flag.numbers["un_bases_nearby"]] == ["Karo base"]
        assert "1 UN killed, 2 injured" in flag.explanation
        assert "within 30 km" in flag.explanation

    def test_attacks_at_one_place_are_one_flag(self) -> None:
        (flag,) = flags(
            incident("a", event_type="UN_ATTACK_PATROL"),
            incident("b", event_type="UN_ATTACK_BASE", hour=20),
        )
        assert flag.numbers["attacks"] == 2
        assert len(flag.evidence) == 2


class TestObstruction:
    def test_three_in_a_state_in_a_fortnight_are_high(self) -> None:
        pattern = [obstruction(str(day), day) for day in (2, 9, 15)]
        (flag,) = flags(*pattern)
        assert flag.band is Band.HIGH
        assert flag.flag_key() == f"R08:obstruction|SS01|ANY|{DAY_0 + 15}"
        assert flag.numbers["obstructions"] == 3

    def test_fewer_or_farther_apart_are_not(self) -> None:
        assert flags(obstruction("a", 2), obstruction("b", 9)) == []
        assert flags(obstruction("a", 1), obstruction("b", 9), obstruction("c", 15)) == []

    def test_another_state_does_not_count(self) -> None:
        north = obstruction("c", 10, at=(30.5, 9.5))
        assert flags(obstruction("a", 9), obstruction("b", 10), north) == []
