"""Layers and rules in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.adapters.sql.layers import list_layers, load_features, store_layer
from processing.adapters.sql.rules import list_rules, load_version, store_rules
from processing.adapters.sql.transaction import sql_stores
from processing.rules.loading import default_rules
from schemas.errors import ConfigurationError, NotFoundError
from schemas.layer import LayerKind
from tests.processing.building import NOON, Database, database
from tests.processing.world import FEATURES

TOWNS = [feature for feature in FEATURES if feature.layer is LayerKind.SETTLEMENT]
RULES = default_rules().rules


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    made = database(tmp_path / "tocsin.db")
    yield made
    made.engine.dispose()


def version(made: Database) -> str:
    with sql_stores(made.begin)() as stores:
        return stores.world.version()


class TestLayers:
    def test_are_given_back_as_they_were_stored(self, empty: Database) -> None:
        store_layer(empty.begin, LayerKind.SETTLEMENT, TOWNS, source="made up", now=NOON)
        with empty.read() as connection:
            assert load_features(connection) == sorted(TOWNS, key=lambda town: town.feature_id)
        (layer,) = list_layers(empty.read)
        assert (layer.layer, layer.version, layer.features) == ("settlement", 1, len(TOWNS))
        assert layer.loaded_at == NOON

    def test_equal_features_again_change_nothing(self, empty: Database) -> None:
        for towns in (TOWNS, TOWNS[::-1]):
            store_layer(empty.begin, LayerKind.SETTLEMENT, towns, source="made up", now=NOON)
        assert list_layers(empty.read)[0].version == 1

    def test_a_change_replaces_the_layer_whole_and_raises_its_version(
        self, empty: Database
    ) -> None:
        store_layer(empty.begin, LayerKind.SETTLEMENT, TOWNS, source="made up", now=NOON)
        before = version(empty)
        store_layer(empty.begin, LayerKind.SETTLEMENT, TOWNS[:1], source="made up", now=NOON)
        assert (list_layers(empty.read)[0].version, list_layers(empty.read)[0].features) == (2, 1)
        assert version(empty) != before


class TestRules:
    def test_are_given_back_in_order(self, empty: Database) -> None:
        store_rules(empty.begin, RULES[::-1], now=NOON)
        assert list_rules(empty.read) == sorted(RULES, key=lambda rule: rule.rule_id)

    def test_a_new_version_takes_over_and_the_old_one_stays_readable(self, empty: Database) -> None:
        store_rules(empty.begin, RULES, now=NOON)
        before = version(empty)
        first = RULES[0]
        changed = first.model_copy(update={"version": first.version + 1, "page_horizon_h": 5.0})
        store_rules(empty.begin, [changed], now=NOON)
        assert list_rules(empty.read) == [changed]
        assert version(empty) != before
        with empty.read() as connection:
            assert load_version(connection, first.rule_id, first.version) == first

    def test_a_version_never_changes_its_meaning(self, empty: Database) -> None:
        store_rules(empty.begin, RULES, now=NOON)
        changed = RULES[0].model_copy(update={"page_horizon_h": 5.0})
        with pytest.raises(ConfigurationError, match="raise its version"):
            store_rules(empty.begin, [changed], now=NOON)
        assert len(list_rules(empty.read)) == len(RULES)

    def test_an_unknown_version_is_not_found(self, empty: Database) -> None:
        with empty.read() as connection, pytest.raises(NotFoundError):
            load_version(connection, "R01", 99)
