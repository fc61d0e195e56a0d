from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from processing.fuse.independence import SAME_WORDS, components, similarity
from processing.fuse.said import said
from schemas.report import AdmittedReport
from tests.processing.fuse.reports import NOON, admitted

SEEN = "Some forty armed men on foot crossed the river near the old ferry and went north"


def grouped(reports: list[AdmittedReport]) -> list[list[int]]:
    return components([said(one) for one in reports])


class TestComponents:
    def test_one_report_is_one_source(self) -> None:
        assert grouped([admitted()]) == [[0]]

    def test_other_units_are_other_sources(self) -> None:
        assert grouped([admitted("r-1"), admitted("r-2")]) == [[0], [1]]

    def test_one_unit_is_one_source(self) -> None:
        found = grouped([admitted("r-1", "unit-a"), admitted("r-2"), admitted("r-3", "unit-a")])
        assert found == [[0, 2], [1]]

    def test_a_shared_origin_is_one_source(self) -> None:
        one = admitted("r-1", source={"origin_chain": ["radio-x", "ngo-y"]})
        two = admitted("r-2", source={"origin_chain": ["ngo-y"]})
        assert grouped([one, two]) == [[0, 1]]

    def test_a_report_that_goes_back_to_another_is_no_second_source(self) -> None:
        first = admitted("r-1", source={"ref": "elder-7"})
        echo = admitted("r-2", source={"ref": "radio-x", "origin_chain": ["elder-7"]})
        assert grouped([first, echo]) == [[0, 1]]

    def test_a_chain_of_pairs_is_one_source(self) -> None:
        chain = [
            admitted(f"r-{n}", source={"origin_chain": [f"link-{n}", f"link-{n + 1}"]})
            for n in range(5)
        ]
        assert grouped(chain) == [[0, 1, 2, 3, 4]]

    def test_the_same_words_within_a_day_are_one_source(self) -> None:
        one = admitted("r-1", text=SEEN)
        forwarded = admitted("r-2", text=f"FWD: {SEEN.upper()}!")
        assert grouped([one, forwarded]) == [[0, 1]]

    def test_the_same_words_later_are_another(self) -> None:
        one = admitted("r-1", text=SEEN)
        later = admitted("r-2", text=SEEN, occurred_start=NOON + timedelta(hours=24, seconds=1))
        assert grouped([one, later]) == [[0], [1]]

    def test_other_words_are_another(self) -> None:
        one = admitted("r-1", text=SEEN)
        two = admitted("r-2", text="Shots heard from the market since dawn, people are fleeing")
        assert grouped([one, two]) == [[0], [1]]

    @given(
        st.lists(st.sampled_from("abcdefghijklmnopqrst"), max_size=24),
        st.lists(st.sampled_from("abcdefghijklmnopqrst"), max_size=24),
    )
    def test_alike_is_more_alike_than_the_bound(self, one: list[str], other: list[str]) -> None:
        a, b = " ".join(one), " ".join(other)
        found = grouped([admitted("r-1", text=a), admitted("r-2", text=b)])
        assert (len(found) == 1) == (similarity(a, b) > SAME_WORDS)

    def test_no_words_say_nothing(self) -> None:
        assert grouped([admitted("r-1", text="..."), admitted("r-2", text="...")]) == [[0], [1]]

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 4), st.sets(st.sampled_from("abcde"), max_size=2)), max_size=8
        ),
        st.randoms(use_true_random=False),
    )
    def test_does_not_depend_on_the_order_of_reports(
        self, said: list[tuple[int, set[str]]], dice: random.Random
    ) -> None:
        reports = [
            admitted(
                f"r-{n}", f"unit-{unit}", source={"origin_chain": [f"from-{c}" for c in sorted(up)]}
            )
            for n, (unit, up) in enumerate(said)
        ]
        shuffled = list(reports)
        dice.shuffle(shuffled)
        assert roots(shuffled) == roots(reports)


def roots(reports: list[AdmittedReport]) -> set[frozenset[str]]:
    return {
        frozenset(reports[index].report.root_id for index in group)
        for group in (grouped(reports) if reports else [])
    }


class TestSimilarity:
    def test_is_one_for_the_same_words_and_none_for_others(self) -> None:
        assert similarity(SEEN, SEEN.lower()) == 1.0
        assert similarity(SEEN, "quite another matter") == 0.0
        assert similarity("", SEEN) == 0.0

    @given(st.text(st.characters(max_codepoint=127), max_size=60))
    def test_a_plain_text_has_the_words_that_it_has_beside_other_signs(self, plain: str) -> None:
        has_words = any(char.isalnum() or char == "_" for char in plain)
        assert similarity(plain, f"{plain} …") == float(has_words)

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_is_mutual_and_bounded(self, a: str, b: str) -> None:
        assert 0.0 <= similarity(a, b) == similarity(b, a) <= 1.0
