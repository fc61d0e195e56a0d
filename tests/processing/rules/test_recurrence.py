from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.rules.loading import default_rules
from processing.rules.registry import scope_of
from processing.rules.window import FlagDraft, Touched
from schemas.clock import day_date
from schemas.flag import Band, Certainty
from schemas.incident import Incident
from schemas.rule import Recurrence
from tests.processing.rules.desk import Desk, conclude
from tests.processing.rules.incidents import columns, incident
from tests.processing.rules.small_layers import DAY_0, LAYERS

RULE = next(rule for rule in default_rules().rules if isinstance(rule, Recurrence))
DAY = 130
# 0.1 degrees of latitude are 11.1 km.
HERE, ELEVEN_KM_OFF, FAR_OFF = (30.5, 8.5), (30.5, 8.6), (30.5, 8.7)


def attack(name: str, day: int, **more: Any) -> Incident:  # noqa: ANN401
    fields: dict[str, Any] = {"actor": "red", "day": day, **more}
    return incident(name, **fields)


def flag_of(*incidents: Incident, rule: Recurrence = RULE) -> FlagDraft | None:
    """The flag of the day of the last incident, if there is one."""
    flags = conclude(rule, LAYERS, incidents).values()
    last = max(one.day for one in incidents)
    return next((flag for flag in flags if flag.day == last), None)


def test_a_third_attack_of_one_actor_near_by_is_flagged() -> None:
    flag = flag_of(attack("a", DAY - 20, at=ELEVEN_KM_OFF), attack("b", DAY - 17), attack("c", DAY))
    assert flag is not None
    assert flag.band is Band.MEDIUM
    assert flag.numbers["prior_incidents"] == 2
    assert flag.numbers["expected"] == 0.125
    assert flag.numbers["ratio"] == 16
    assert [one for one, _ in flag.evidence] == ["incident-a", "incident-b", "incident-c"]


def test_one_within_the_near_band_makes_it_high() -> None:
    flag = flag_of(attack("a", DAY - 20, at=ELEVEN_KM_OFF), attack("b", DAY - 14), attack("c", DAY))
    assert flag is not None
    assert flag.band is Band.HIGH
    assert flag.numbers["prior_in_near_band"] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"day": DAY - 29},
        {"at": FAR_OFF},
        {"actor": "blue"},
        {"actor": ""},
        {"radius_m": 10_000.0},
        {"at": None},
        {"event_type": "PO_RIOT"},
    ],
)
def test_what_is_old_far_of_others_or_vague_does_not_count(other: dict[str, Any]) -> None:
    second = attack("b", **{"day": DAY - 10, **other})
    assert flag_of(attack("a", DAY - 5), second, attack("c", DAY, hour=12.0)) is None


def test_a_place_that_is_always_attacked_does_not_stand_out() -> None:
    usual = [attack(f"u{day}", day) for day in range(DAY - 112, DAY - 28, 14)]
    now = [attack("a", DAY - 20), attack("b", DAY - 17), attack("c", DAY)]
    assert flag_of(*usual, *now) is None
    more = [attack("d", DAY - 3), attack("e", DAY - 2)]
    flag = flag_of(*usual, *now, *more)
    assert flag is not None
    assert flag.numbers["baseline_incidents"] == 6


def test_vague_places_make_it_only_possible() -> None:
    near = (30.5, 8.5 + 18.0 / 110.6)
    first = [attack("a", DAY - 20, at=near, radius_m=1_000), attack("b", DAY - 17, at=near)]
    surely = flag_of(*first, attack("c", DAY))
    maybe = flag_of(*first, attack("c", DAY, radius_m=4_000))
    assert surely is not None
    assert maybe is not None
    assert (surely.certainty, surely.band) == (Certainty.CERTAIN, Band.MEDIUM)
    assert (maybe.certainty, maybe.band) == (Certainty.POSSIBLE, Band.LOW)


def test_a_short_record_is_not_taken_for_a_quiet_past() -> None:
    pair = [attack("a", DAY - 20), attack("b", DAY - 17), attack("c", DAY)]
    began = day_date(DAY_0 + DAY) - timedelta(days=28)
    flag = flag_of(*pair, rule=RULE.model_copy(update={"records_from": began}))
    assert flag is not None
    assert flag.numbers["expected"] == 0.5


def test_lists_the_sites_at_risk_with_weights_that_fall_with_distance() -> None:
    flag = flag_of(attack("a", DAY - 9), attack("b", DAY - 8), attack("c", DAY))
    assert flag is not None
    sites = flag.numbers["sites_at_risk"]
    assert [site["name"] for site in sites] == ["Karo", "Karo protection of civilians site"]
    assert sites[0]["weight"] == 1.0
    assert sites[1]["weight"] == pytest.approx(0.739, abs=0.001)


def test_the_sentence_gives_the_count_the_usual_and_the_ratio() -> None:
    flag = flag_of(attack("a", DAY - 9), attack("b", DAY - 8), attack("c", DAY))
    assert flag is not None
    assert flag.place_name == "Karo"
    assert flag.explanation == (
        "Civilians killed near Karo on 10 April 2014, after 2 incidents of the same actor within "
        "20.0 km and 28 days, 2 of them within 5 km and 14 days; its own past there makes 0.12 "
        "usual (16.0 times as many, threshold 2): high. The risk near by halves in about 10 days."
    )


def looked_at(touched: Incident, *others: Incident) -> set[tuple[str, int]]:
    """The actor classes and days of the flags that one incident of many makes look at again."""
    scope = scope_of(
        RULE,
        Touched(before=columns([]), after=columns([touched])),
        LAYERS,
        lambda _: columns([touched, *others]),
    )
    assert all(one.day_from == one.day_to for one in scope.flags)
    return {(one.actor_class or "", one.day_from) for one in scope.flags}


def test_looks_again_at_what_comes_after_and_at_nothing_else() -> None:
    changed = attack("a", DAY)
    after = [
        attack("b", DAY + 1, actor_class="UNKNOWN"),
        attack("c", DAY + 2, at=ELEVEN_KM_OFF),
        attack("d", DAY + RULE.baseline_days),
    ]
    others = [
        attack("e", DAY - 1),
        attack("f", DAY, hour=11.0, actor_class="UNKNOWN"),
        attack("g", DAY + 3, actor="blue"),
        attack("h", DAY + 4, at=(32.5, 8.5)),
        attack("i", DAY + 5, at=None),
        attack("j", DAY + 6, event_type="PO_RIOT"),
        attack("k", DAY + RULE.baseline_days + 1),
    ]
    own = DAY_0 + DAY
    assert looked_at(changed, *after, *others) == {
        ("ARMED_GROUP", own),
        ("UNKNOWN", own + 1),
        ("ARMED_GROUP", own + 2),
        ("ARMED_GROUP", own + RULE.baseline_days),
    }


@pytest.mark.parametrize("vague", [{"actor": ""}, {"at": None}, {"event_type": "PO_RIOT"}])
def test_what_does_not_count_makes_it_look_at_nothing(vague: dict[str, Any]) -> None:
    assert not looked_at(attack("a", DAY, **vague), attack("b", DAY + 1))


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abcdefghij"),
        st.none()
        | st.fixed_dictionaries(
            {
                "day": st.sampled_from((0, 1, 10, 40)),
                "hour": st.sampled_from((0.0, 12.0)),
                "at": st.sampled_from((HERE, (30.5, 8.53), ELEVEN_KM_OFF)),
                "actor": st.sampled_from(("red", "blue", "green")),
                "radius_m": st.sampled_from((100.0, 4_000.0)),
                "weight_milli": st.sampled_from((100, 700)),
            }
        ),
    ),
    min_size=10,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, size=st.integers(1, 5))
def test_additions_corrections_and_retractions_conclude_what_all_at_once_does(
    steps: list[tuple[str, dict[str, Any] | None]], size: int
) -> None:
    """Of several actors at one place on the same few days, one a step is touched."""
    desk = Desk(RULE, LAYERS)
    for at in range(0, len(steps), size):
        batch = dict(steps[at : at + size])
        desk.apply(
            {
                f"incident-{name}": incident(name, **fields) if fields else None
                for name, fields in batch.items()
            }
        )
    assert desk.flags == conclude(RULE, LAYERS, desk.incidents.values())
