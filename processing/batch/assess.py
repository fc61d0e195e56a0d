"""Running the rules over what a batch touched: read what they ask for, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from processing.alerts.correlate import AlertKey, alert_key
from processing.batch.flags import Drafted
from processing.batch.rows import FlagRow
from processing.batch.stores import Stores
from processing.batch.world import World
from processing.locate.locate import Locator
from processing.rules.registry import evaluate, scope_of
from processing.rules.window import NOTHING, FlagDraft, Scope, Touched, together
from schemas.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the rules drafted, and every stored flag that they answered for."""

    drafted: tuple[Drafted, ...]
    answered: tuple[FlagRow, ...]

    def stored(self) -> dict[str, FlagRow]:
        """Return the stored flags by their id."""
        return {row.flag_id: row for row in self.answered}

    def alert_keys(self) -> dict[str, AlertKey]:
        """Return the keys of the alerts that the drafts belong to, by the alert's id."""
        return {one.alert_id: one.alert_key for one in self.drafted}


def assess(stores: Stores, world: World, touched: Touched) -> Assessment:
    """Evaluate each rule as far as the touched incidents concern it."""
    drafted: list[Drafted] = []
    answered: list[FlagRow] = []
    locator = world.locator
    if not len(touched.before) and not len(touched.after):
        return Assessment(drafted=(), answered=())
    # What was and what is concern the same rules in the same way: looked at once, together.
    touched = Touched(before=NOTHING, after=together(touched.before, touched.after))
    for loaded in world.rules:
        rule = loaded.rule
        scope = scope_of(rule, touched, locator, stores.incidents.of_windows)
        if not scope.flags:
            continue
        found = drafts(stores, rule, scope, locator)
        drafted += (Drafted(one, rule, loaded.params_sha256, key_of(one)) for one in found)
        answered += stores.flags.of_ranges(scope.flags)
    return Assessment(drafted=tuple(drafted), answered=tuple(answered))


def drafts(stores: Stores, rule: Rule, scope: Scope, locator: Locator) -> list[FlagDraft]:
    """Return the drafts of a rule in a scope, from the store as it is now."""
    return evaluate(
        rule,
        scope,
        stores.incidents.of_windows(scope.incidents),
        stores.cube.of_windows(scope.cube),
        locator,
    )


def key_of(draft: FlagDraft) -> AlertKey:
    """Return the key of the alert that a draft belongs to."""
    return alert_key(draft.adm1, draft.adm2, draft.lon, draft.lat, draft.actor_class, draft.day)
