"""Layers and rules as the pipeline reads them (`processing.batch.stores.WorldStore`)."""

from __future__ import annotations

from processing.adapters.sql import layers, rules
from processing.adapters.sql.quiet import Quiet
from processing.adapters.sql.statements import Sql, Statement
from schemas.layer import Feature
from schemas.rule import Rule

# Read once a batch, so that a change of layers or rules holds from the next batch on.
_VERSIONS = """(
    SELECT layer || ':' || sha256 AS v FROM layers
    UNION ALL SELECT rule_id || ':' || version FROM rules WHERE active ORDER BY v
) AS versions"""
_VERSION = Statement(
    sqlite=f"SELECT coalesce(group_concat(v, ' '), '') FROM {_VERSIONS}",
    postgresql=f"SELECT coalesce(string_agg(v, ' ' ORDER BY v), '') FROM {_VERSIONS}",
)


class SqlWorld:
    """The mission's configuration as one transaction sees it."""

    def __init__(self, sql: Sql, quiet: Quiet) -> None:
        self._sql = sql
        self._quiet = quiet

    def version(self) -> str:
        """Return a text that changes with every change of a layer or of the active rules."""
        if self._quiet.world is None:
            self._quiet.world = str(self._sql.rows(_VERSION)[0][0])
        return self._quiet.world

    def features(self) -> list[Feature]:
        """Return all features of all layers."""
        return layers.load_features(self._sql.connection)

    def rules(self) -> list[Rule]:
        """Return the rules in force, in order of rule_id."""
        return rules.load_active(self._sql.connection)
