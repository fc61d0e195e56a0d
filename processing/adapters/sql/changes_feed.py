"""The changes feed as events for Kafka (`processing.watch.relay.Feed`).

Whoever writes has the database to itself until it has committed, on both databases: the numbers of
changes are in the order of commits, and what lies before one that is seen is seen too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_

from processing.adapters.sql.errors import translated
from processing.watch.relay import Slice
from schemas.codec import encode_full
from schemas.incident import IncidentMoved
from schemas.tables import alerts, changes, dead_letters, flags, incidents, redirects
from schemas.topics import ALERTS, DEAD_LETTERS, FLAGS, INCIDENTS, Event, Told, Topic, event

Read = Callable[[], AbstractContextManager[Connection]]

# Changes whose subject is asked for in one query: SQLite takes so many values, and more.
_AT_ONCE = 500


class _Change(NamedTuple):
    revision: int
    at: datetime


# What changed, by its id.
_Changed = Mapping[str, _Change]


class SqlChangesFeed:
    """Events of what changed, as it stands in one snapshot."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def after(self, position: int, *, limit: int) -> Slice:
        """Return what the next changes tell; `end` is `position` when there are none."""
        following = (
            select(changes).where(changes.c.seq > position).order_by(changes.c.seq).limit(limit)
        )
        with translated(), self._read() as connection:
            rows = connection.execute(following).all()
            changed: dict[str, dict[str, _Change]] = {}
            for row in rows:
                of_kind = changed.setdefault(row.entity, {})
                of_kind[row.entity_id] = _Change(row.revision, row.at)
            events = [
                made
                for entity, of_kind in changed.items()
                if entity in _EVENTS
                for made in _EVENTS[entity](connection, of_kind)
            ]
        return Slice(events, rows[-1].seq if rows else position)

    def last(self) -> int:
        """Return the number of the last change, 0 for none."""
        with translated(), self._read() as connection:
            return int(connection.execute(select(func.max(changes.c.seq))).scalar() or 0)


def _incidents(connection: Connection, changed: _Changed) -> Iterator[Event]:
    key = incidents.c.incident_id
    query = select(
        key.label("id"), incidents.c.revision.label("revision"), incidents.c.level, incidents.c.body
    )
    seen = set()
    for row in _rows(connection, query, key, list(changed)):
        seen.add(row.id)
        yield _standing(INCIDENTS, "incident", row, changed[row.id].at)
    gone = [one for one in changed if one not in seen]
    moved = select(redirects.c.old_id, redirects.c.new_id).where(redirects.c.entity == "incident")
    for row in _rows(connection, moved, redirects.c.old_id, gone):
        change = changed[row.old_id]
        body = IncidentMoved(incident_id=row.old_id, revision=change.revision, moved_to=row.new_id)
        told = Told(
            kind="incident-moved", subject=row.old_id, revision=change.revision, at=change.at
        )
        yield event(INCIDENTS, encode_full(body), told)


def _flags(connection: Connection, changed: _Changed) -> Iterator[Event]:
    key = flags.c.flag_id
    query = select(key.label("id"), flags.c.revision.label("revision"), flags.c.level, flags.c.body)
    for row in _rows(connection, query, key, list(changed)):
        yield _standing(FLAGS, "flag", row, changed[row.id].at)


def _alerts(connection: Connection, changed: _Changed) -> Iterator[Event]:
    key = alerts.c.alert_id
    query = select(key.label("id"), alerts.c.seq.label("revision"), alerts.c.level, alerts.c.body)
    for row in _rows(connection, query, key, list(changed)):
        yield _standing(ALERTS, "alert", row, changed[row.id].at)


def _standing(topic: Topic, kind: str, row: Row[Any], at: datetime) -> Event:
    told = Told(kind=kind, subject=row.id, revision=row.revision, at=at, level=row.level)
    return event(topic, row.body, told)


def _dead_letters(connection: Connection, changed: _Changed) -> Iterator[Event]:
    """One that is none any more is not told: it was processed meanwhile."""
    places = [(node, int(at)) for node, _, at in (one.rpartition(":") for one in changed)]
    key = tuple_(dead_letters.c.partition, dead_letters.c.position)
    for row in _rows(connection, select(dead_letters), key, places):
        told = Told(
            kind="dead-letter",
            subject=f"{row.partition}:{row.position}",
            revision=1,
            at=row.at,
            reason=row.reason,
        )
        yield event(DEAD_LETTERS, row.value, told)


def _rows(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[Any],
    values: Sequence[object],
) -> Iterator[Row[Any]]:
    for start in range(0, len(values), _AT_ONCE):
        yield from connection.execute(query.where(key.in_(values[start : start + _AT_ONCE])))


_EVENTS: Mapping[str, Callable[[Connection, _Changed], Iterator[Event]]] = {
    "incident": _incidents,
    "flag": _flags,
    "alert": _alerts,
    "dead-letter": _dead_letters,
}
