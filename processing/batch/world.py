"""The mission's layers and rules, built once and kept until their version changes."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from processing.batch.stores import WorldStore
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas.rule import Rule

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rule with the hash of its parameters, which every flag of it names."""

    rule: Rule
    params_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Layers and rules at one version, ready to be asked."""

    version: str
    locator: Locator
    rules: tuple[Loaded, ...]


def load_world(store: WorldStore) -> World:
    """Return the world that a transaction sees."""
    return World(
        version=store.version(),
        locator=Locator(LayerSet.of(store.features())),
        rules=tuple(Loaded(rule, rule.params_sha256()) for rule in store.rules()),
    )


class WorldCache:
    """Keeps the world of the last batch, and looks once a batch whether it still holds."""

    def __init__(self) -> None:
        self._world: World | None = None

    def of(self, store: WorldStore) -> World:
        """Return the world as a transaction sees it."""
        version = store.version()
        if self._world is None or self._world.version != version:
            self._world = load_world(store)
            log.info("layers and rules loaded", rules=len(self._world.rules))
        return self._world
