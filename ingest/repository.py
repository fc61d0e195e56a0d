"""The SQL of ingest: device keys, what became of a report, and the spool's own schema.

The only module of ingest that knows the tables. Reads and writes come through the connections
that `deploy` hands out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from ingest.credentials import DeviceKey
from schemas.errors import ConflictError, NotFoundError, StorageError
from schemas.tables import dead_letters, device_keys, positions, reports, spool, units

# A write transaction that commits on a clean exit, and a read one.
Begin = Callable[[], AbstractContextManager[Connection]]
Read = Callable[[], AbstractContextManager[Connection]]

# There are few dead letters or something is very wrong; a receipt looks through this many.
_DEAD_LETTERS_SEARCHED = 2_000


def spool_schema() -> list[str]:
    """Return the statements that make the spool's table where it is missing.

    Without its index: `spool_keys` does that, for less.
    """
    return [str(CreateTable(spool, if_not_exists=True).compile(dialect=sqlite.dialect()))]


# ---------------------------------------------------------------- device keys


def keys_query() -> Select[Any]:
    """Return the query of every key with the body of its unit (NULL if the unit is unknown)."""
    return select(device_keys, units.c.body.label("unit")).select_from(
        device_keys.outerjoin(units, units.c.unit_id == device_keys.c.unit_id)
    )


class DeviceKeys:
    """The stored device keys."""

    def __init__(self, *, read: Read, begin: Begin) -> None:
        self._read = read
        self._begin = begin

    def all(self) -> list[DeviceKey]:
        """Return every key, revoked ones too. Raises StorageError when the store is away."""
        try:
            with self._read() as connection:
                return [_device_key(row) for row in connection.execute(keys_query())]
        except SQLAlchemyError as error:
            raise StorageError(f"the device keys can't be read: {error}") from error

    def add(self, key: DeviceKey) -> None:
        """Store a new key. Raises ConflictError when its id is taken."""
        with self._begin() as connection:
            taken = select(device_keys.c.key_id).where(device_keys.c.key_id == key.key_id)
            if connection.execute(taken).first() is not None:
                raise ConflictError(key.key_id)
            connection.execute(
                insert(device_keys).values(
                    key_id=key.key_id,
                    unit_id=key.unit_id,
                    secret_sha256=key.secret_sha256,
                    max_level=key.max_level,
                    issued_at=key.issued_at,
                    expires_at=key.expires_at,
                )
            )

    def revoke(self, key_id: str, *, now: datetime) -> None:
        """Revoke a key; revoking it again changes nothing. Raises NotFoundError."""
        with self._begin() as connection:
            known = select(device_keys.c.key_id).where(device_keys.c.key_id == key_id)
            if connection.execute(known).first() is None:
                raise NotFoundError(f"no device key {key_id}")
            connection.execute(
                update(device_keys)
                .where(device_keys.c.key_id == key_id, device_keys.c.revoked_at.is_(None))
                .values(revoked_at=now)
            )


def _device_key(row: Row[Any]) -> DeviceKey:
    return DeviceKey(
        key_id=row.key_id,
        unit_id=row.unit_id,
        secret_sha256=row.secret_sha256,
        max_level=row.max_level,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        unit_valid_to=_valid_to(row.unit),
    )


def _valid_to(body: bytes | None) -> date | None:
    value = None if body is None else json.loads(body).get("valid_to")
    return None if value is None else date.fromisoformat(value)


# ---------------------------------------------------------------- what became of a report


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report that processing stored. `body` is what the log carried."""

    report_id: str
    root_id: str
    revision: int
    node: str
    position: int
    unit_id: str
    received_at: datetime
    incident_id: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A record that processing could not take, with the reason and its bytes."""

    partition: str
    position: int
    reason: str
    value: bytes


class StoredReports:
    """What the database knows of reports. Every method raises StorageError when it is away."""

    def __init__(self, *, read: Read) -> None:
        self._read = read

    def find(self, report_id: str) -> StoredReport | None:
        """Return a stored report by its id."""
        row = self._first(select(reports).where(reports.c.report_id == report_id))
        return None if row is None else _stored_report(row)

    def find_key(self, root_id: str, revision: int) -> StoredReport | None:
        """Return a stored report by its natural key."""
        row = self._first(
            select(reports).where(reports.c.root_id == root_id, reports.c.revision == revision)
        )
        return None if row is None else _stored_report(row)

    def set_aside(self) -> list[SetAside]:
        """Return the latest records that were set aside, the newest first."""
        query = (
            select(dead_letters).order_by(dead_letters.c.at.desc()).limit(_DEAD_LETTERS_SEARCHED)
        )
        return [_set_aside(row) for row in self._all(query)]

    def set_aside_at(self, node: str, position: int) -> SetAside | None:
        """Return what was set aside at one position of a node's log."""
        row = self._first(
            select(dead_letters).where(
                dead_letters.c.partition == node, dead_letters.c.position == position
            )
        )
        return None if row is None else _set_aside(row)

    def set_aside_key(self, root_id: str, revision: int) -> SetAside | None:
        """Return what was set aside under one natural key."""
        row = self._first(
            select(dead_letters)
            .where(dead_letters.c.root_id == root_id, dead_letters.c.revision == revision)
            .order_by(dead_letters.c.at)
        )
        return None if row is None else _set_aside(row)

    def position(self, node: str) -> int:
        """Return the position up to which processing has stored a node's log; 0 for none."""
        row = self._first(select(positions.c.position).where(positions.c.partition == node))
        return 0 if row is None else int(row.position)

    def _first(self, query: Select[Any]) -> Row[Any] | None:
        rows = self._all(query)
        return rows[0] if rows else None

    def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._read() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            raise StorageError(f"the reports can't be read: {error}") from error


def _stored_report(row: Row[Any]) -> StoredReport:
    return StoredReport(
        report_id=row.report_id,
        root_id=row.root_id,
        revision=row.revision,
        node=row.node,
        position=row.position,
        unit_id=row.unit_id,
        received_at=row.received_at,
        incident_id=row.incident_id,
        body=row.body,
    )


def _set_aside(row: Row[Any]) -> SetAside:
    return SetAside(
        partition=row.partition, position=row.position, reason=row.reason, value=row.value
    )
