"""Rules from YAML, with errors that name the file, the rule and the field."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.errors import ConfigurationError
from schemas.rule import RuleSet

DEFAULT_FILE = "default_rules.yaml"


def read_rules(path: Path) -> RuleSet:
    """Read and check a file of rules. Raises ConfigurationError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: the rules cannot be read: {error}") from error
    return parse_rules(text, origin=str(path))


def default_rules() -> RuleSet:
    """Return the rules that ship with Tocsin."""
    text = files("processing.rules").joinpath(DEFAULT_FILE).read_text("utf-8")
    return parse_rules(text, origin=DEFAULT_FILE)


def parse_rules(text: str, *, origin: str) -> RuleSet:
    """Check the text of a file of rules. Raises ConfigurationError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{origin}: this is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{origin}: expected the fields mission and rules")
    try:
        rules = RuleSet.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError(_words(error, document, origin=origin)) from error
    _refuse_twins(rules, origin=origin)
    return rules


def _refuse_twins(rules: RuleSet, *, origin: str) -> None:
    seen: set[str] = set()
    for rule in rules.rules:
        if rule.rule_id in seen:
            raise ConfigurationError(f"{origin}: rule {rule.rule_id} is there twice")
        seen.add(rule.rule_id)


def _words(error: ValidationError, document: dict[str, Any], *, origin: str) -> str:
    lines = [
        f"{origin}: {_where(one['loc'], document)}: {one['msg']}"
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "\n".join(lines)


def _where(location: tuple[int | str, ...], document: dict[str, Any]) -> str:
    """Return "rule R01, field sites.0.rings" for a pydantic location."""
    match location:
        case ("rules", int(at), *rest):
            # The tag of the union (the kind) is part of pydantic's location, but no field.
            fields = rest[1:] if rest and rest[0] == _kind(document, at) else rest
            field = ".".join(map(str, fields))
            return f"rule {_name(document, at)}" + (f", field {field}" if field else "")
        case _:
            return "field " + ".".join(map(str, location))


def _rule(document: dict[str, Any], at: int) -> dict[str, Any]:
    rules = document.get("rules")
    rule = rules[at] if isinstance(rules, list) and at < len(rules) else {}
    return rule if isinstance(rule, dict) else {}


def _kind(document: dict[str, Any], at: int) -> object:
    return _rule(document, at).get("kind")


def _name(document: dict[str, Any], at: int) -> str:
    return str(_rule(document, at).get("rule_id", f"number {at + 1}"))
