from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.fuse.composed import Composed
from processing.fuse.greedy import id_of
from processing.fuse.said import said
from processing.fuse.summary import Member, Site, below, precision, retracted, summarise
from schemas.codec import decode, encode
from schemas.incident import Incident, Nearby, Victims
from tests.processing.fuse.reports import DAY, NOON, admitted, member

SURE: dict[str, Any] = {"source": {"reliability": "A", "credibility": "1"}}
UNSURE: dict[str, Any] = {"source": {"reliability": "E", "credibility": "5"}}
SECRET: dict[str, Any] = {"sensitivity": "STRICTLY_CONFIDENTIAL"}
CONFIDENTIAL: dict[str, Any] = {"sensitivity": "CONFIDENTIAL"}


@st.composite
def members(draw: st.DrawFn) -> list[Member]:
    def one(n: int) -> Member:
        return member(
            f"r-{n}",
            radius_m=draw(st.sampled_from((None, 25.0, 1_000.0, 1_000.0))),
            unit_id=f"unit-{draw(st.integers(0, 2))}",
            event_type=draw(st.sampled_from(("VC_KILLING", "VC_ASSAULT", "OTHER"))),
            occurred_start=NOON + timedelta(hours=draw(st.integers(0, 3))),
            time_precision=draw(st.sampled_from(("HOUR", "DAY", "UNKNOWN"))),
            sensitivity=draw(st.sampled_from(("UNCLASSIFIED", "CONFIDENTIAL", "NEW_CODE"))),
            source=draw(st.sampled_from((SURE["source"], UNSURE["source"], {}))),
            victims=draw(st.sampled_from(([], [{"harm": "KILLED", "best": 3}]))),
            illustrative=draw(st.booleans()),
        )

    return [one(n) for n in range(draw(st.integers(1, 5)))]


def views(found: list[Member]) -> dict[int, Composed]:
    """What viewers below the incident's level see."""
    whole = summarise(found)
    return {
        level: summarise(seen, incident_id=whole.incident_id)
        for level, seen in below(found).items()
    }


class TestSummarise:
    @settings(max_examples=60, deadline=None)
    @given(members(), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_members(
        self, found: list[Member], dice: random.Random
    ) -> None:
        shuffled = list(found)
        dice.shuffle(shuffled)
        assert summarise(shuffled) == summarise(found)
        assert views(shuffled) == views(found)

    @settings(max_examples=30, deadline=None)
    @given(members())
    def test_survives_the_codec(self, found: list[Member]) -> None:
        incident = summarise(found)
        assert encode(decode(Incident, incident.body())) == incident.body()

    def test_of_one_report_is_what_it_says(self) -> None:
        one = member(
            "r-9",
            revision=3,
            event_type="VC_KILLING",
            occurred_end=NOON + timedelta(hours=1),
            actors=[{"name": "Lou Nuer", "type": "COMMUNITY_SELF_DEFENCE"}],
            victims=[{"harm": "KILLED", "best": 6, "population": "CIVILIANS"}],
            violations=["MRM_KILL_MAIM"],
            source={"reliability": "C", "credibility": "3"},
        )
        assert decode(Incident, summarise([one]).body()) == Incident(
            incident_id=id_of(DAY, "r-9"),
            day=DAY,
            occurred_start=NOON,
            occurred_end=NOON + timedelta(hours=1),
            event_type="VC_KILLING",
            event_class="VAC",
            lon=30.0,
            lat=7.0,
            radius_m=1_000.0,
            precision="P3",
            cell="856a0d2ffffffff",
            adm1="SS01",
            adm2="SS0101",
            actor_tokens=("lou-nuer",),
            actor_key="lou-nuer",
            actor_class="COMMUNITY_SELF_DEFENCE",
            severity=4,
            victims=Victims(
                killed_min=6,
                killed_best=6,
                killed_max=6,
                civilians_killed_best=6,
                children=True,
            ),
            weight_milli=630,
            reliability="C",
            credibility="3",
            violations=("MRM_KILL_MAIM",),
            members=(("r-9", 3),),
        )

    def test_the_surest_report_gives_type_and_grade(self) -> None:
        found = summarise(
            [
                member("r-1", event_type="VC_ASSAULT", **UNSURE),
                member("r-2", event_type="VC_KILLING", **SURE),
            ]
        )
        assert (found.event_type, found.reliability, found.credibility) == ("VC_KILLING", "A", "1")

    def test_a_report_that_knows_the_class_gives_the_type_even_if_less_sure(self) -> None:
        found = summarise(
            [
                member("r-1", event_type="OTHER", **SURE),
                member("r-2", event_type="AC_CLASH", **UNSURE),
            ]
        )
        assert (found.event_type, found.event_class, found.reliability) == (
            "AC_CLASH",
            "CLASH",
            "A",
        )

    def test_the_smallest_circle_gives_the_place(self) -> None:
        coarse = member("r-1", radius_m=5_000.0, where={"lon": 31.0, "adm2": "SS0202"}, **SURE)
        fine = member("r-2", radius_m=25.0)
        nowhere = member("r-0", radius_m=None)
        found = summarise([coarse, nowhere, fine])
        assert (found.lon, found.radius_m, found.precision) == (30.0, 25.0, "P1")
        assert found.adm2 == "SS0101"

    def test_an_unresolved_one_has_no_place(self) -> None:
        one = member("r-1", radius_m=None, where={"adm1": "", "adm2": ""})
        found = summarise([one])
        assert (found.lon, found.lat, found.cell, found.adm1) == (None, None, None, None)
        assert found.precision == "P7"

    def test_starts_at_the_earliest_of_the_finest_times(self) -> None:
        midnight = member("r-1", occurred_start=NOON - timedelta(hours=12), time_precision="DAY")
        early = member("r-2", occurred_start=NOON - timedelta(hours=1))
        late = member("r-3", occurred_start=NOON)
        assert summarise([midnight, early, late]).occurred_start == NOON - timedelta(hours=1)

    def test_does_not_trust_a_suspect_clock(self) -> None:
        early: dict[str, Any] = {
            "occurred_start": NOON - timedelta(hours=5),
            "time_precision": "MINUTE",
        }
        suspect = admitted("r-1", **early).model_copy(update={"clock_suspect": True})
        wrong = member("r-1", **early)._replace(said=said(suspect))
        assert summarise([wrong, member("r-2")]).occurred_start == NOON
        assert summarise([wrong]).occurred_start == NOON - timedelta(hours=5)

    def test_ends_with_the_last(self) -> None:
        found = summarise(
            [
                member("r-1", occurred_end=NOON + timedelta(hours=n)) if n else member("r-0")
                for n in (0, 2)
            ]
        )
        assert found.occurred_end == NOON + timedelta(hours=2)

    def test_independent_sources_add_up_and_messages_do_not(self) -> None:
        same = [member(f"r-{n}", unit_id="unit-a") for n in range(4)]
        found = summarise([*same, member("r-8", unit_id="unit-b", **SURE)])
        assert (found.n_reports, found.n_independent, found.weight_milli) == (5, 2, 350 + 1_000)

    def test_gathers_all_named_parties(self) -> None:
        found = summarise(
            [
                member("r-1", actors=[{"name": "SPLA"}]),
                member("r-2", actors=[{"name": "Nuer"}, {"name": "Dinka", "role": "VICTIM"}]),
            ]
        )
        assert found.actor_tokens == ("nuer", "spla")
        assert found.actor_key == "nuer+spla"

    def test_a_key_too_long_for_its_column_stays_distinct(self) -> None:
        names = [f"{n}{'x' * 58}" for n in range(9)]
        one = summarise([member("r-1", actors=[{"name": n} for n in names])])
        two = summarise([member("r-1", actors=[{"name": n} for n in [*names[:8], "last"]])])
        assert len(one.actor_key) == 400
        assert one.actor_key != two.actor_key

    @pytest.mark.parametrize(
        ("actors", "expected"),
        [
            ([], "UNKNOWN"),
            ([{"type": "UNKNOWN"}], "UNKNOWN"),
            ([{"type": "STATE_MILITARY"}, {"type": "ARMED_GROUP"}], "ARMED_GROUP"),
            ([{"type": "CIVILIANS"}, {"type": "RIOTERS"}], "RIOTERS"),
            ([{"type": "A_NEW_TYPE"}, {"type": "UNKNOWN"}], "UNKNOWN"),
            ([{"type": "CIVILIANS", "role": "VICTIM"}], "UNKNOWN"),
            (
                [{"type": "ARMED_GROUP"}, {"type": "BANDITS", "role": "PERPETRATOR_ALLEGED"}],
                "BANDITS",
            ),
            (
                [{"type": "ARMED_GROUP"}, {"type": "UNKNOWN", "role": "PERPETRATOR_ALLEGED"}],
                "ARMED_GROUP",
            ),
        ],
    )
    def test_one_type_stands_for_who_did_it(
        self, actors: list[dict[str, str]], expected: str
    ) -> None:
        assert summarise([member(actors=actors)]).actor_class == expected

    def test_is_at_least_as_severe_as_a_report_says(self) -> None:
        found = summarise([member("r-1", **SURE), member("r-2", severity=4, **UNSURE)])
        assert found.severity == 4

    def test_is_illustrative_only_if_every_report_is(self) -> None:
        both = [member("r-1", illustrative=True), member("r-2", illustrative=True)]
        assert summarise(both).illustrative
        assert not summarise([*both, member("r-3")]).illustrative

    def test_keeps_the_exercise_mark_and_what_is_near(self) -> None:
        near = Nearby(feature_id="x", layer="health", kind="CLINIC", name="X", distance_m=12.0)
        drill = member(exercise=True)
        found = summarise([drill], Site(drill.place, nearby=b"[%b]" % encode(near)))
        assert found.exercise
        assert decode(Incident, found.body()).nearby == (near,)


class TestViews:
    def test_are_none_where_all_reports_are_at_one_level(self) -> None:
        assert views([member("r-1"), member("r-2")]) == {}
        assert views([member("r-1", **SECRET)]) == {}

    def test_hold_what_is_at_or_below_the_viewers_level(self) -> None:
        open_one = member("r-5", event_type="VC_ASSAULT")
        secret = member("r-1", event_type="VC_KILLING", severity=5, **SURE, **SECRET)
        whole, found = summarise([open_one, secret]), views([open_one, secret])
        assert (whole.min_level, whole.level, whole.severity) == (0, 2, 5)
        assert set(found) == {0, 1}
        assert found[0] == summarise([open_one], incident_id=whole.incident_id)
        assert found[1] == found[0]

    def test_differ_by_level(self) -> None:
        all_three = [member("r-1"), member("r-2", **CONFIDENTIAL), member("r-3", **SECRET)]
        found = views(all_three)
        assert [found[level].n_reports for level in sorted(found)] == [1, 2]
        assert {view.incident_id for view in found.values()} == {summarise(all_three).incident_id}

    def test_show_nothing_below_the_lowest_level(self) -> None:
        assert set(views([member("r-1", **CONFIDENTIAL), member("r-2", **SECRET)])) == {1}


class TestRetracted:
    def test_counts_nothing_any_more(self) -> None:
        was = summarise([member("r-1", victims=[{"harm": "KILLED", "best": 2}]), member("r-2")])
        now = retracted(was)
        assert now.retracted
        assert (now.incident_id, now.day, now.lon) == (was.incident_id, was.day, was.lon)
        assert (now.members, now.n_reports, now.n_independent, now.weight_milli) == ((), 0, 0, 0)
        assert now.victims == Victims()


@pytest.mark.parametrize(
    ("radius_m", "expected"),
    [
        (0.0, "P1"),
        (25.0, "P1"),
        (25.1, "P2"),
        (1_000.0, "P3"),
        (4_000.0, "P4"),
        (10_000.0, "P5"),
        (25_000.0, "P6"),
        (25_001.0, "P7"),
        (None, "P7"),
    ],
)
def test_precision_is_the_code_whose_radius_holds_it(radius_m: float | None, expected: str) -> None:
    assert precision(radius_m) == expected
