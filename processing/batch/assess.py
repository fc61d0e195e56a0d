"""Running the rules over what a batch touched: read what they ask for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from processing.batch.incidents import columns
from processing.batch.rows import FlagRow
from processing.batch.stores import Stores
from processing.locate.locate import Locator
from processing.rules.registry import evaluate, scope_of
from processing.rules.window import FlagDraft, Scope, Touched
from schemas.rule import Rule


@dataclass(frozen=True, slots=True)
class Concluded:
    """A draft and the rule that made it."""

    draft: FlagDraft
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the rules concluded, and every stored flag that they answered for."""

    concluded: tuple[Concluded, ...]
    answered: tuple[FlagRow, ...]


def assess(stores: Stores, rules: Iterable[Rule], touched: Touched, locator: Locator) -> Assessment:
    """Evaluate each rule as far as the touched incidents concern it."""
    concluded: list[Concluded] = []
    answered: list[FlagRow] = []
    for rule in rules:
        scope = scope_of(rule, touched, locator)
        if not scope.flags:
            continue
        concluded += (Concluded(one, rule) for one in drafts(stores, rule, scope, locator))
        answered += stores.flags.of_ranges(scope.flags)
    return Assessment(concluded=tuple(concluded), answered=tuple(answered))


def drafts(stores: Stores, rule: Rule, scope: Scope, locator: Locator) -> list[FlagDraft]:
    """Return the drafts of a rule in a scope, from the store as it is now."""
    return evaluate(
        rule,
        scope,
        columns(stores.incidents.of_windows(scope.incidents)),
        stores.cube.of_windows(scope.cube),
        locator,
    )
