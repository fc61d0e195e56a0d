"""Flags in SQLite (`processing.batch.stores.FlagStore`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from processing.adapters.sql.statements import Sql, columns, insert, listed
from processing.batch.rows import FlagRow
from processing.rules.window import FlagRange
from schemas.tables import flags

_ALL = columns(flags, prefix="f.")

_OF_RANGES = f"""
SELECT {_ALL} FROM json_each(?) AS j
CROSS JOIN flags AS f ON f.rule_id = j.value ->> 0 AND f.place_key = j.value ->> 1
    AND f.day BETWEEN j.value ->> 2 AND j.value ->> 3
WHERE j.value ->> 4 IS NULL OR f.actor_class = j.value ->> 4
"""  # noqa: S608 - names of ours
_OF_IDS = f"""
SELECT {_ALL} FROM json_each(?) AS j CROSS JOIN flags AS f ON f.flag_id = j.value
"""  # noqa: S608 - names of ours
_OF_ALERTS = f"""
SELECT {_ALL} FROM json_each(?) AS j CROSS JOIN flags AS f ON f.alert_id = j.value
WHERE f.state = 'RAISED' ORDER BY f.alert_id, f.flag_id
"""  # noqa: S608 - names of ours
_WRITE = insert(flags, verb="INSERT OR REPLACE")


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
