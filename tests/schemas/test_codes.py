import re
from importlib.resources import files
from itertools import pairwise

import pytest

from schemas.access import SENSITIVITY_LEVEL
from schemas.alert import OPEN_STATES, AlertState
from schemas.codes.lists import code_list, event_class
from schemas.flag import Band
from schemas.report import Actor, Report, SourceGrade, VictimCount
from schemas.response import Response

NAMES = sorted(
    path.name.removesuffix(".json")
    for path in files("schemas.codes").iterdir()
    if path.name.endswith(".json")
)
UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
LOWER_SNAKE = re.compile(r"[a-z]+(_[a-z]+)*")
# Digits are the Admiralty grade; the columns of the sex and age matrix are lower case in the
# reports that units already send.
CODE = {"credibility": re.compile(r"[1-6]"), "victim_group": LOWER_SNAKE}


@pytest.mark.parametrize("name", NAMES)
class TestEachList:
    def test_is_named_after_its_file(self, name: str) -> None:
        assert code_list(name).name == name

    def test_has_stable_codes_without_a_duplicate(self, name: str) -> None:
        text = files("schemas.codes").joinpath(f"{name}.json").read_text("utf-8")
        codes = re.findall(r'"code": "([^"]*)"', text)
        assert codes
        assert len(set(codes)) == len(codes)
        assert all(CODE.get(name, UPPER_SNAKE).fullmatch(code) for code in codes)

    def test_labels_every_code_in_english_and_french(self, name: str) -> None:
        for code in code_list(name).codes.values():
            assert code.label_en.strip()
            assert code.label_fr.strip()

    def test_labels_no_two_codes_alike(self, name: str) -> None:
        codes = code_list(name).codes.values()
        assert len({code.label_en for code in codes}) == len(codes)
        assert len({code.label_fr for code in codes}) == len(codes)

    def test_gives_every_code_the_same_attributes(self, name: str) -> None:
        assert len({frozenset(code.attributes) for code in code_list(name).codes.values()}) == 1

    def test_falls_back_to_a_code_of_its_own(self, name: str) -> None:
        codes = code_list(name)
        if codes.fallback is None:
            with pytest.raises(KeyError):
                codes.get("no such code")
        else:
            assert codes.get("no such code").code == codes.fallback

    def test_replaces_a_deprecated_code_with_one_that_is_not(self, name: str) -> None:
        codes = code_list(name)
        for code in codes.codes.values():
            if code.deprecated_by is not None:
                assert codes.get(code.deprecated_by).deprecated_by is None


class TestListsAndSchemas:
    def test_know_the_defaults_of_a_report(self) -> None:
        report, actor, source = Report(root_id="r-1"), Actor(), SourceGrade()
        assert report.record_kind in code_list("record_kind")
        assert report.report_kind in code_list("report_kind")
        assert report.time_precision in code_list("time_precision")
        assert report.event_type in code_list("event_type")
        assert report.sensitivity in code_list("sensitivity")
        assert actor.type in code_list("actor_type")
        assert actor.role in code_list("actor_role")
        assert source.type in code_list("source_type")
        assert source.reliability in code_list("reliability")
        assert source.credibility in code_list("credibility")

    def test_know_the_defaults_of_victims_and_responses(self) -> None:
        victims = VictimCount(harm="KILLED", best=1)
        assert victims.harm in code_list("harm")
        assert victims.group in code_list("victim_group")
        assert victims.population in code_list("victim_population")
        assert Response.model_fields["actor"].default in code_list("response_actor")

    def test_agree_on_alert_states(self) -> None:
        states = code_list("alert_state").codes
        assert set(states) == set(AlertState)
        assert {code for code, entry in states.items() if entry.attributes["open"]} == OPEN_STATES

    def test_agree_on_bands_and_levels(self) -> None:
        bands = code_list("band").codes.values()
        assert {code.code: code.attributes["band"] for code in bands} == dict(Band.__members__)
        levels = code_list("sensitivity").codes.values()
        assert {code.code: code.attributes["level"] for code in levels} == SENSITIVITY_LEVEL

    def test_class_every_event_type(self) -> None:
        types = code_list("event_type").codes
        assert {event_class(code) for code in types} == set(code_list("event_class").codes)

    def test_tag_events_with_known_violations_only(self) -> None:
        for entry in code_list("event_type").codes.values():
            assert set(entry.attributes["violations"]) <= set(code_list("violation").codes)

    def test_widen_the_radius_with_every_coarser_place(self) -> None:
        places = code_list("loc_precision").codes
        radii = [places[f"P{n}"].attributes["radius_m"] for n in range(1, 7)]
        assert all(finer < coarser for finer, coarser in pairwise(radii))
        assert places["P7"].attributes["radius_m"] is None
