"""Where people's answers to alerts are stored: one short write transaction an answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, select

from processing.adapters.sql.errors import translated
from processing.adapters.sql.transaction import stores_of
from processing.alerts.life_cycle import Acted, Refusal, Refused, act
from processing.batch.alerts import alert_row, transition_row
from processing.batch.rows import ChangeRow, DeliveryRow
from processing.batch.stores import Stores
from processing.batch.telling import Link, Told, deliveries
from schemas.access import Principal
from schemas.alert import Alert, AlertAction
from schemas.clock import to_micros
from schemas.codec import decode
from schemas.errors import NotFoundError, RefusedError
from schemas.layer import Feature, LayerKind
from schemas.tables import layer_features

Transaction = Callable[[], AbstractContextManager[Connection]]

# What is wrong with the request itself, whatever the alert.
_POINTERS = {
    Refusal.REASON_MISSING: "#/reason",
    Refusal.REASON_UNKNOWN: "#/reason",
    Refusal.REASON_UNASKED: "#/reason",
    Refusal.NOTE_MISSING: "#/note",
}


def _nothing() -> None:
    """Tell nobody."""


class SqlAlertDesk:
    """Decides and stores what people do with alerts."""

    def __init__(
        self, begin: Transaction, *, link: Link, announce: Callable[[], None] = _nothing
    ) -> None:
        """Keep what is given. `announce` is called after each commit: somebody may be rung."""
        self._begin = begin
        self._link = link
        self._announce = announce

    def act(self, alert_id: str, action: AlertAction, *, by: Principal, now: datetime) -> Alert:
        """Take one step and return the alert as it stands then. Blocks; durable on return.

        Raises NotFoundError for an alert that is unknown or above the caller's level;
        RefusedError when another step came in between, when the step is not allowed from where
        the alert stands, or, with a pointer, when the action lacks something. Then nothing changed.
        """
        with translated(), self._begin() as connection:
            acted = self._act(connection, _alert(connection, alert_id, by), action, by, now)
        self._announce()
        return acted.alert

    def _act(
        self,
        connection: Connection,
        alert: Alert,
        action: AlertAction,
        by: Principal,
        now: datetime,
    ) -> Acted:
        """Decide and write: 1. alert, 2. ledger, 3. deliveries, 4. the changes feed."""
        acted = act(alert, action, by=by.user_id, now=now)
        if isinstance(acted, Refused):
            raise RefusedError(acted.refusal.value, pointer=_POINTERS.get(acted.refusal))
        stores = stores_of(connection)
        stores.alerts.write([alert_row(acted.alert)])
        stores.alerts.append([transition_row(acted.transition)])
        stores.alerts.tell(self._deliveries(connection, stores, acted))
        stores.log.announce([ChangeRow("alert", alert.alert_id, acted.alert.seq, to_micros(now))])
        return acted

    def _deliveries(
        self, connection: Connection, stores: Stores, acted: Acted
    ) -> list[DeliveryRow]:
        """Tell of an answer who would be rung, unless the alert only tells history."""
        alert = acted.alert
        if alert.retrospective and not alert.paged:
            return []
        told = Told(
            alert,
            acted.transition,
            _adm1(connection, alert.place_key),
            stores.alerts.told([alert.alert_id])[alert.alert_id],
        )
        return deliveries([told], stores.alerts.endpoints(), link=self._link)


def _alert(connection: Connection, alert_id: str, by: Principal) -> Alert:
    found = stores_of(connection).alerts.of_ids([alert_id])
    if not found or found[0].level > by.level:
        raise NotFoundError(f"no alert {alert_id}")
    return decode(Alert, found[0].body)


def _adm1(connection: Connection, place_key: str) -> str | None:
    """Return the area above a county, if that is what the place is."""
    body = connection.execute(
        select(layer_features.c.body).where(
            layer_features.c.layer == LayerKind.ADM2.value,
            layer_features.c.feature_id == place_key,
        )
    ).scalar_one_or_none()
    return None if body is None else decode(Feature, body).parent_id
