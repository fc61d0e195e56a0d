from __future__ import annotations

import pytest

from processing.fuse.actors import contradict, token, tokens, types
from schemas.report import Actor


class TestTokens:
    def test_are_sorted_slugs_of_the_id_else_the_name(self) -> None:
        actors = (
            Actor(name="Lou Nuer (armed youth)"),
            Actor(actor_id="spla-io", name="SPLA in Opposition"),
            Actor(actor_id="spla-io"),
        )
        assert tokens(actors) == ("lou-nuer-armed-youth", "spla-io")

    @pytest.mark.parametrize("role", ["VICTIM", "WITNESS_GROUP", "RESPONDER"])
    def test_leave_out_who_did_not_do_it(self, role: str) -> None:
        actors = (Actor(name="Dinka", type="CIVILIANS", role=role),)
        assert tokens(actors) == ()
        assert types(actors) == ()

    def test_of_unnamed_parties_are_none(self) -> None:
        assert tokens((Actor(type="ARMED_GROUP"), Actor(name="  "))) == ()
        assert tokens(()) == ()

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Forces armées", "forces-armees"),
            ("  ADF / ISCAP  ", "adf-iscap"),
            ("x" * 200, "x" * 60),
            ("", ""),
            ("--- ?", ""),
        ],
    )
    def test_are_lowercase_ascii(self, name: str, expected: str) -> None:
        assert token(name) == expected

    def test_of_names_in_another_script_differ(self) -> None:
        one, two = token("الجيش"), token("الشرطة")
        assert one != two
        assert one.isascii()
        assert one == token("الجيش")


class TestTypes:
    def test_are_sorted_and_known(self) -> None:
        actors = (Actor(type="STATE_MILITARY"), Actor(), Actor(type="ARMED_GROUP"))
        assert types(actors) == ("ARMED_GROUP", "STATE_MILITARY")


class TestContradict:
    @pytest.mark.parametrize(
        ("names_a", "types_a", "names_b", "types_b", "expected"),
        [
            ("", "", "", "", False),
            ("a", "", "a", "", False),
            ("a", "", "a b", "", False),
            ("a b", "", "b c", "", True),
            ("a", "", "b", "", True),
            ("a", "ARMED_GROUP", "a", "STATE_MILITARY", False),
            ("a", "ARMED_GROUP", "", "", False),
            ("a", "ARMED_GROUP", "", "STATE_MILITARY", True),
            ("a", "ARMED_GROUP", "", "ARMED_GROUP STATE_MILITARY", False),
            ("a", "ARMED_GROUP", "", "UNKNOWN_ARMED", False),
            ("", "UNKNOWN", "", "STATE_MILITARY", False),
            ("", "ARMED_GROUP", "", "STATE_MILITARY", True),
        ],
    )
    def test_compares_names_else_types(
        self, *, names_a: str, types_a: str, names_b: str, types_b: str, expected: bool
    ) -> None:
        a = tuple(names_a.split()), tuple(types_a.split())
        b = tuple(names_b.split()), tuple(types_b.split())
        assert contradict(*a, *b) is expected
        assert contradict(*b, *a) is expected
