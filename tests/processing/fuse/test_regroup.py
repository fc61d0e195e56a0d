from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.fuse.columns import Regrouped
from processing.fuse.greedy import fuse_all, id_of
from processing.fuse.regroup import Regrouping, regroup
from processing.fuse.walk import Standing
from tests.processing.fuse.scenes import (
    AREAS,
    Sighting,
    by_definition,
    columns,
    many,
    sightings,
    standing,
)
from tests.processing.fuse.world import World

Batch = dict[str, Sighting | None]

NOBODY: Standing = standing([], changed=())


@st.composite
def batches(draw: st.DrawFn) -> list[Batch]:
    """Adds, changes and removals of up to 30 roots in one area, in batches cut at random."""
    area = draw(st.sampled_from(AREAS))
    roots = [f"r-{n:03d}" for n in range(draw(st.integers(1, 30)))]
    found: list[Batch] = []
    for _ in range(draw(st.integers(1, 6))):
        touched = draw(st.lists(st.sampled_from(roots), min_size=1, max_size=15, unique=True))
        found.append(
            {
                root: draw(sightings(root, area)) if draw(st.integers(0, 4)) else None
                for root in touched
            }
        )
    return found


class TestRegroup:
    @settings(max_examples=100, deadline=None)
    @given(batches())
    def test_equals_fusing_from_scratch_after_every_batch(self, found: list[Batch]) -> None:
        world = World()
        for batch in found:
            world.apply(batch)
            assert world.partition() == by_definition(world.reports.values())

    @settings(max_examples=40, deadline=None)
    @given(many(), st.integers(1, 40))
    def test_does_not_depend_on_the_cuts_between_batches(
        self, reports: list[Sighting], size: int
    ) -> None:
        world = World()
        for start in range(0, len(reports), size):
            world.apply({s.root_id: s for s in reports[start : start + size]})
        assert world.partition() == fuse_all(columns(reports))

    @settings(max_examples=50, deadline=None)
    @given(batches())
    def test_every_id_that_ends_points_to_one_that_lives_or_to_nothing(
        self, found: list[Batch]
    ) -> None:
        world = World()
        for batch in found:
            before = world.partition()
            world.apply(batch)
            after = world.partition()
            assert set(world.last.gone) == before.keys() - after.keys()
            for old, new in world.last.gone.items():
                heirs = {world.reports[r].incident_id for r in before[old] if r in world.reports}
                assert (new in heirs) if heirs else (new is None)

    @settings(max_examples=50, deadline=None)
    @given(batches())
    def test_returns_the_incidents_that_changed_and_no_others(self, found: list[Batch]) -> None:
        world = World()
        for batch in found:
            before = world.partition()
            world.apply(batch)
            after = world.partition()
            changed = {
                incident
                for incident, roots in after.items()
                if before.get(incident) != roots or any(root in batch for root in roots)
            }
            assert world.last.groups == {incident: after[incident] for incident in changed}
            assert world.last.days == {
                incident: world.reports[after[incident][0]].day for incident in changed
            }

    @settings(max_examples=25, deadline=None)
    @given(batches())
    def test_repeating_a_batch_changes_nothing(self, found: list[Batch]) -> None:
        world = World()
        for batch in found:
            world.apply(batch)
            once = world.partition()
            world.apply(batch)
            assert world.partition() == once
            assert world.last.gone == {}

    def test_of_an_empty_scene_ends_what_lost_its_reports(self) -> None:
        answer = regroup(columns([]), standing=NOBODY, changed=(), lost={"i": 16_000})
        assert answer == Regrouped(groups={}, days={}, gone={"i": None})

    def test_of_nothing_is_nothing(self) -> None:
        answer = regroup(columns([]), standing=NOBODY, changed=(), lost={})
        assert answer == Regrouped(groups={}, days={}, gone={})

    def test_an_unresolved_report_stands_alone(self) -> None:
        nan = float("nan")
        scene = columns([Sighting(root_id="a", lon=nan, lat=nan), Sighting(root_id="b")])
        answer = regroup(scene, standing=NOBODY, changed=(0,), lost={})
        new_id = id_of(16_000, "a")
        assert answer == Regrouped(groups={new_id: ("a",)}, days={new_id: 16_000}, gone={})

    def test_leaves_incidents_alone_that_no_change_concerns(self) -> None:
        world = World()
        world.apply({"far": Sighting(root_id="far", lon=31.0)})
        world.apply({"new": Sighting(root_id="new", lon=30.0)})
        assert list(world.last.groups.values()) == [("new",)]


class TestFarAway:
    """Each case has a report that matters although it is out of reach of the one that came.

    On the equator a degree is 111.3 km.
    """

    DEGREE_M = 111_319.49

    def at(self, metres: float, root_id: str, **rest: Any) -> Sighting:  # noqa: ANN401 - fields
        return Sighting(root_id=root_id, lon=metres / self.DEGREE_M, lat=0.0, **rest)

    def test_an_incident_is_looked_at_whole_before_one_joins_it(self) -> None:
        for offset_m in range(0, 60_000, 5_000):
            founder = self.at(offset_m, "f", radius_m=24_900.0, actors=("x",))
            member = self.at(offset_m - 49_800, "m", radius_m=25_000.0, actors=("x",))
            new = self.at(offset_m + 24_850, "new", radius_m=25.0)
            world = World()
            world.apply({"f": founder, "m": member})
            assert len(world.partition()) == 1
            world.apply({"new": new})
            assert len(world.partition()) == 2, "the member is too far away from the new one"
            assert world.partition() == by_definition(world.reports.values())

    def test_whom_a_leaving_report_kept_out_is_found_however_far(self) -> None:
        for offset_m in range(0, 60_000, 5_000):
            founder = self.at(offset_m, "f", radius_m=24_900.0, actors=("x",))
            leaving = self.at(offset_m + 24_950, "l", radius_m=100.0)
            kept_out = self.at(offset_m - 49_800, "k", radius_m=25_000.0)
            nearer = self.at(offset_m + 25_050, "n", radius_m=100.0, actors=("x",))
            world = World()
            world.apply({"f": founder, "l": leaving, "k": kept_out})
            assert ("k",) in world.partition().values()
            world.apply({"n": nearer})
            assert sorted(world.partition().values()) == [("f", "k"), ("l", "n")]

    def test_whom_a_lost_report_kept_out_is_found_however_far(self) -> None:
        for offset_m in range(0, 60_000, 5_000):
            founder = self.at(offset_m, "f", radius_m=24_900.0, actors=("x",))
            lost = self.at(offset_m + 24_950, "l", radius_m=100.0)
            kept_out = self.at(offset_m - 49_800, "k", radius_m=25_000.0)
            world = World()
            world.apply({"f": founder, "l": lost, "k": kept_out})
            assert ("k",) in world.partition().values()
            world.apply({"l": None})
            assert list(world.partition().values()) == [("f", "k")]


class TestIds:
    def test_the_smallest_root_names_the_incident_and_the_old_id_points_on(self) -> None:
        world = World()
        world.apply({"m": Sighting(root_id="m")})
        world.apply({"a": Sighting(root_id="a")})
        assert world.partition() == {id_of(16_000, "a"): ("a", "m")}
        assert world.redirects == {id_of(16_000, "m"): id_of(16_000, "a")}

    def test_an_id_that_comes_back_no_longer_points_on(self) -> None:
        world = World()
        world.apply({"m": Sighting(root_id="m")})
        world.apply({"a": Sighting(root_id="a")})
        world.apply({"a": None})
        assert world.partition() == {id_of(16_000, "m"): ("m",)}
        assert world.redirects == {id_of(16_000, "a"): id_of(16_000, "m")}

    def test_a_report_that_moves_to_another_day_takes_its_lonely_incident_along(self) -> None:
        world = World()
        world.apply({"a": Sighting(root_id="a")})
        world.apply({"a": Sighting(root_id="a", day=16_001)})
        assert world.last.gone == {id_of(16_000, "a"): id_of(16_001, "a")}

    @pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")])
    def test_of_equally_many_reports_the_smaller_id_inherits(self, order: tuple[str, ...]) -> None:
        world = World()
        # "0" binds "a" and "c", which are too far apart to stand together without it.
        both = {"0": Sighting(root_id="0", actors=("x", "y"))}
        rest = {
            "a": Sighting(root_id="a", actors=("x",)),
            "b": Sighting(root_id="b", actors=("x",)),
            "c": Sighting(root_id="c", actors=("y",)),
        }
        world.apply({**both, **{root: rest[root] for root in order}})
        before = world.partition()
        world.apply({"0": None})
        assert world.partition() == by_definition(world.reports.values())
        for old, new in world.last.gone.items():
            heirs = [i for i, roots in world.partition().items() if set(roots) & set(before[old])]
            assert new in heirs


class TestCrowd:
    def test_one_report_more_decides_few_again(self) -> None:
        dice = random.Random(7)
        crowd = [crowded(dice, f"c-{n:04d}") for n in range(2_000)]
        named = {root: i for i, roots in fuse_all(columns(crowd)).items() for root in roots}
        stands = [replace(s, incident_id=named[s.root_id]) for s in crowd]
        decided = []
        for n in range(40):
            new = crowded(dice, f"new-{n}")
            scene, changed = [*stands, new], (len(stands),)
            work = Regrouping.begin(
                columns(scene),
                standing=standing(scene, changed=changed),
                changed=changed,
                lost={},
            )
            work.conclude()
            decided.append(len(work.walk.decided))
        assert max(decided) <= 60
        assert sorted(decided)[20] <= 5

    def test_equals_fusing_from_scratch_there_too(self) -> None:
        dice = random.Random(11)
        crowd = {f"c-{n:03d}": crowded(dice, f"c-{n:03d}") for n in range(300)}
        world = World()
        world.apply(dict(crowd))
        world.apply({root: crowded(dice, root) for root in list(crowd)[::29]})
        world.apply(dict.fromkeys(list(crowd)[::31]))
        assert world.partition() == fuse_all(columns(list(world.reports.values())))


def crowded(dice: random.Random, root_id: str) -> Sighting:
    """A report from a town and its surroundings in a busy hour."""
    return Sighting(
        root_id=root_id,
        event_class=dice.choice(("CLASH", "CLASH", "VAC", "OTHER")),
        lon=31.6 + dice.gauss(0.0, 0.15),
        lat=4.85 + dice.gauss(0.0, 0.15),
        radius_m=dice.choice((25.0, 1_000.0, 1_000.0, 5_000.0, 10_000.0)),
        actors=dice.choice(((), ("nuer",), ("spla",), ("nuer", "spla"))),
        exercise=False,
    )
