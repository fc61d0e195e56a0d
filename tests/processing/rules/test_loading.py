from __future__ import annotations

from pathlib import Path

import pytest

from processing.rules.loading import default_rules, parse_rules, read_rules
from schemas.codes.lists import code_list
from schemas.errors import ConfigurationError
from schemas.layer import LayerKind
from schemas.rule import ImminentThreat, RuleSet

THREAT = """
mission: test-mission
rules:
  - kind: imminent_threat
    rule_id: R09
    version: 2
    title: Threat
    purpose: Ring.
    event_types: [VC_IMMINENT_THREAT]
"""


def strings_in(value: object, key: str) -> set[str]:
    """All texts under a key, at any depth."""
    if isinstance(value, dict):
        own = {one for name in value if name == key for one in value[name]}
        return own.union(*(strings_in(one, key) for one in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(strings_in(one, key) for one in value))
    return set()


class TestDefaults:
    def test_are_the_five_rules(self) -> None:
        assert [rule.rule_id for rule in default_rules().rules] == [
            "R01",
            "R03",
            "R05",
            "R08",
            "R09",
        ]

    @pytest.mark.parametrize(
        "key", ["event_types", "wide_event_types", "obstruction_types", "event_classes"]
    )
    def test_name_only_codes_that_exist(self, key: str) -> None:
        known = "event_class" if key == "event_classes" else "event_type"
        assert strings_in(default_rules().model_dump(), key) <= set(code_list(known).codes)

    def test_name_only_layers_that_exist(self) -> None:
        document = default_rules().model_dump()
        layers = strings_in(document, "site_layers")
        assert layers <= {kind.value for kind in LayerKind}

    def test_say_what_each_is_for(self) -> None:
        assert all(len(rule.purpose) > 50 for rule in default_rules().rules)


def test_a_file_gives_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(THREAT, "utf-8")
    (rule,) = read_rules(path).rules
    assert isinstance(rule, ImminentThreat)
    assert rule.match_km == 10.0


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(default_rules().model_dump_json(), "utf-8")
    assert read_rules(path) == default_rules()
    assert RuleSet.model_validate_json(path.read_bytes()) == default_rules()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: [", "this is not YAML"),
        ("- a", "expected the fields mission and rules"),
        ("mission: abc", "field rules: Field required"),
        (THREAT.replace("version: 2", "version: 0"), "rule R09, field version"),
        (THREAT.replace("version: 2", "vers: 2"), "rule R09, field vers"),
        (THREAT.replace("imminent_threat", "guess"), "rule R09"),
        (THREAT.replace("    rule_id: R09\n", ""), "rule number 1, field rule_id"),
        (THREAT + THREAT.partition("rules:\n")[2], "rule R09 is there twice"),
        ("mission: abc\nrules: [7]", "rule number 1"),
    ],
)
def test_errors_name_the_file_the_rule_and_the_field(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_rules(text, origin="my_rules.yaml")
    assert str(caught.value).startswith("my_rules.yaml: ")
    assert words in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: the rules cannot be read"):
        read_rules(tmp_path / "absent.yaml")
