from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from processing.fuse.greedy import fuse_all
from tests.processing.fuse.scenes import Sighting, agrees, by_definition, columns, many


class TestFuseAll:
    @settings(max_examples=100, deadline=None)
    @given(many())
    def test_is_the_greedy_of_the_design(self, reports: list[Sighting]) -> None:
        assert fuse_all(columns(reports)) == by_definition(reports)

    @settings(max_examples=30, deadline=None)
    @given(many(), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_rows(
        self, reports: list[Sighting], dice: random.Random
    ) -> None:
        shuffled = list(reports)
        dice.shuffle(shuffled)
        assert fuse_all(columns(shuffled)) == fuse_all(columns(reports))

    @settings(max_examples=30, deadline=None)
    @given(many())
    def test_every_two_reports_of_an_incident_agree(self, reports: list[Sighting]) -> None:
        by_root = {s.root_id: s for s in reports}
        for roots in fuse_all(columns(reports)).values():
            members = [by_root[root] for root in roots]
            for n, a in enumerate(members):
                assert all(agrees(a, b) and agrees(b, a) for b in members[n + 1 :])

    def test_of_nothing_is_nothing(self) -> None:
        assert fuse_all(columns([])) == {}
