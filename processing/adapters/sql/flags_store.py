"""Flags in SQLite (`processing.batch.stores.FlagStore`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from processing.adapters.sql.statements import Sql, columns, listed, replace, statement
from processing.batch.rows import FlagRow
from processing.rules.window import FlagRange
from schemas.tables import flags

_ALL = columns(flags, prefix="f.")

_OF_RANGES = statement(f"""
SELECT {_ALL} FROM :each(?) flags AS f ON f.rule_id = :item0 AND f.place_key = :item1
    AND f.day BETWEEN :number2 AND :number3
WHERE :item4 IS NULL OR f.actor_class = :item4
""")
_OF_IDS = statement(f"""
SELECT {_ALL} FROM :each(?) flags AS f ON f.flag_id = :item
""")
_OF_ALERTS = statement(f"""
SELECT {_ALL} FROM :each(?) flags AS f ON f.alert_id = :item
WHERE f.state = 'RAISED' ORDER BY f.alert_id, f.flag_id
""")
_WRITE = replace(flags)


class SqlFlags:
    """The flags of one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def of_ranges(self, ranges: Collection[FlagRange]) -> list[FlagRow]:
        """Return the flags, withdrawn ones too, in some ranges; each once."""
        if not ranges:
            return []
        asked = [(r.rule_id, r.place_key, r.day_from, r.day_to, r.actor_class) for r in ranges]
        found = {row[0]: FlagRow._make(row) for row in self._sql.rows(_OF_RANGES, listed(asked))}
        return list(found.values())

    def of_ids(self, flag_ids: Collection[str]) -> list[FlagRow]:
        """Return some flags, withdrawn ones too."""
        if not flag_ids:
            return []
        return [FlagRow._make(row) for row in self._sql.rows(_OF_IDS, listed(flag_ids))]

    def of_alerts(self, alert_ids: Collection[str]) -> list[FlagRow]:
        """Return the raised flags of some alerts, in order of (alert_id, flag_id)."""
        if not alert_ids:
            return []
        return [FlagRow._make(row) for row in self._sql.rows(_OF_ALERTS, listed(alert_ids))]

    def write(self, rows: Sequence[FlagRow]) -> None:
        """Insert or replace flags."""
        self._sql.many(_WRITE, rows)
