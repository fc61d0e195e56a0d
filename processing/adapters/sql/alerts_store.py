"""Alerts, their ledger and deliveries in SQLite (`processing.batch.stores.AlertStore`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from processing.adapters.sql.statements import (
    Sql,
    Statement,
    columns,
    insert,
    insert_missing,
    listed,
    replace,
    statement,
)
from processing.batch.rows import AlertRow, DeliveryRow, RedirectRow, TransitionRow
from schemas.codec import decode
from schemas.delivery import Endpoint
from schemas.tables import alert_transitions, alerts, deliveries, redirects

_ALL = columns(alerts, prefix="a.")

_OF_IDS = statement(f"""
SELECT {_ALL} FROM :each(?) alerts AS a ON a.alert_id = :item
""")
_LAST_NUMBER = statement("SELECT coalesce(max(number), 0) FROM alerts")
_WRITE = replace(alerts)
_ENDPOINTS = statement("SELECT body FROM endpoints WHERE disabled_at IS NULL ORDER BY endpoint_id")
_APPEND = insert(alert_transitions)
_COME_BACK = statement("DELETE FROM redirects WHERE old_id = ? AND entity = 'alert'")
_POINT_ON = replace(redirects)
# Two alerts can replace each other in turn: UNION ends that.
_TOLD = Statement(
    sqlite="""
WITH RECURSIVE line (alert_id, heard_as) AS (
    SELECT value, value FROM json_each(?)
    UNION
    SELECT l.alert_id, CAST(a.body AS TEXT) ->> '$.replaces'
    FROM line AS l CROSS JOIN alerts AS a ON a.alert_id = l.heard_as
    WHERE CAST(a.body AS TEXT) ->> '$.replaces' IS NOT NULL
)
SELECT DISTINCT l.alert_id, d.endpoint_id
FROM endpoints AS e CROSS JOIN line AS l
CROSS JOIN deliveries AS d ON d.endpoint_id = e.endpoint_id AND d.alert_id = l.heard_as
""",
    postgresql="""
WITH RECURSIVE line (alert_id, heard_as) AS (
    SELECT value, value FROM jsonb_array_elements_text(%s::jsonb) AS j(value)
    UNION
    SELECT l.alert_id, convert_from(a.body, 'UTF8')::jsonb ->> 'replaces'
    FROM line AS l JOIN alerts AS a ON a.alert_id = l.heard_as
    WHERE convert_from(a.body, 'UTF8')::jsonb ->> 'replaces' IS NOT NULL
)
SELECT DISTINCT l.alert_id, d.endpoint_id
FROM endpoints AS e CROSS JOIN line AS l
JOIN deliveries AS d ON d.endpoint_id = e.endpoint_id AND d.alert_id = l.heard_as
""",
)
_TELL = insert_missing(deliveries)


class SqlAlerts:
    """The alerts of one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def of_ids(self, alert_ids: Collection[str]) -> list[AlertRow]:
        """Return some alerts."""
        if not alert_ids:
            return []
        return [AlertRow._make(row) for row in self._sql.rows(_OF_IDS, listed(alert_ids))]

    def last_number(self) -> int:
        """Return the highest number given to an alert so far, 0 for none."""
        return int(self._sql.rows(_LAST_NUMBER)[0][0])

    def write(self, rows: Sequence[AlertRow]) -> None:
        """Insert or replace alerts."""
        self._sql.many(_WRITE, rows)

    def point_on(self, rows: Sequence[RedirectRow], *, returned: Collection[str]) -> None:
        """Point the ids of replaced alerts on; those of `returned` stand for themselves again."""
        self._sql.many(_COME_BACK, [(alert_id,) for alert_id in returned])
        self._sql.many(_POINT_ON, rows)

    def append(self, rows: Sequence[TransitionRow]) -> None:
        """Append to the ledger."""
        self._sql.many(_APPEND, rows)

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that are in service, in order of their id."""
        decoded = [decode(Endpoint, body) for (body,) in self._sql.rows(_ENDPOINTS)]
        return [endpoint for endpoint in decoded if endpoint.active]

    def told(self, alert_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Return which endpoints were told of some alerts, or of those they replace, before."""
        found: dict[str, set[str]] = {alert_id: set() for alert_id in alert_ids}
        for alert_id, endpoint_id in self._sql.rows(_TOLD, listed(alert_ids)):
            found[alert_id].add(endpoint_id)
        return {alert_id: frozenset(endpoints_) for alert_id, endpoints_ in found.items()}

    def tell(self, rows: Sequence[DeliveryRow]) -> None:
        """Queue deliveries; one that is queued already stays as it is."""
        self._sql.many(_TELL, rows)
