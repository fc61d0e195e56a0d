"""Writing what a mission configures: its own description, units, device keys and endpoints.

Each function is one short write, audited, and can be repeated: the key decides.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from ingest.credentials import DeviceKey, IssuedKey, issue
from schemas import tables
from schemas.codec import decode, encode_full
from schemas.delivery import Endpoint
from schemas.errors import ConfigurationError, NotFoundError
from schemas.mission import Mission
from schemas.unit import Unit

Begin = Callable[[], AbstractContextManager[Connection]]
Read = Begin

# Standard Webhooks asks for 24 to 64 bytes.
_SECRET_BYTES = 32
DEVICE_KEY_DAYS = 90


def write_mission(begin: Begin, mission: Mission, *, now: datetime) -> None:
    """Store the mission's description, replacing the one that is there."""
    with begin() as connection:
        connection.execute(delete(tables.mission))
        connection.execute(
            insert(tables.mission).values(
                mission_id=mission.mission_id, body=encode_full(mission), updated_at=now
            )
        )
        _audit(connection, what="mission.write", subject=mission.mission_id, now=now)


def read_mission(read: Read) -> Mission:
    """Return the mission's description. Raises ConfigurationError when there is none."""
    with read() as connection:
        row = connection.execute(select(tables.mission.c.body)).first()
    if row is None:
        raise ConfigurationError(
            "this database has no mission yet: run `tocsin migrate --mission FILE`"
        )
    return decode(Mission, row.body)


def write_units(begin: Begin, units: Sequence[Unit], *, now: datetime) -> int:
    """Store units, replacing those of the same id; return how many."""
    rows = [
        {"unit_id": unit.unit_id, "body": encode_full(unit), "updated_at": now} for unit in units
    ]
    with begin() as connection:
        ids = [unit.unit_id for unit in units]
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            connection.execute(delete(tables.units).where(tables.units.c.unit_id.in_(chunk)))
        if rows:
            connection.execute(insert(tables.units), rows)
        _audit(connection, what="units.write", subject=f"{len(rows)} units", now=now)
    return len(rows)


def read_units(read: Read) -> list[Unit]:
    """Return all units by id."""
    with read() as connection:
        rows = connection.execute(select(tables.units.c.body).order_by(tables.units.c.unit_id))
        return [decode(Unit, row.body) for row in rows]


def issue_keys(
    begin: Begin, unit_ids: Sequence[str], *, now: datetime, days: int | None = DEVICE_KEY_DAYS
) -> list[IssuedKey]:
    """Make one new key for each unit. Raises NotFoundError for a unit that does not exist."""
    lifetime = None if days is None else timedelta(days=days)
    keys = [
        issue(unit_id, now=now, random_bytes=secrets.token_bytes, lifetime=lifetime)
        for unit_id in unit_ids
    ]
    with begin() as connection:
        known = {row.unit_id for row in connection.execute(select(tables.units.c.unit_id))}
        missing = sorted(set(unit_ids) - known)
        if missing:
            raise NotFoundError(f"no unit {missing[0]}: see `tocsin units list`")
        connection.execute(insert(tables.device_keys), [_key_row(key.stored) for key in keys])
        _audit(connection, what="keys.issue", subject=f"{len(keys)} keys", now=now)
    return keys


def revoke_key(begin: Begin, key_id: str, *, now: datetime) -> None:
    """Revoke a key; doors refuse it within five seconds. Raises NotFoundError."""
    with begin() as connection:
        done = connection.execute(
            update(tables.device_keys)
            .where(tables.device_keys.c.key_id == key_id, tables.device_keys.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        if done.rowcount != 1:
            raise NotFoundError(f"no live key {key_id}")
        _audit(connection, what="keys.revoke", subject=key_id, now=now)


def new_webhook_secret() -> str:
    """Return a new Standard Webhooks secret: whsec_ and base64 of 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def write_endpoint(begin: Begin, endpoint: Endpoint, *, sealed: bytes, now: datetime) -> None:
    """Store an endpoint with its sealed secret, replacing the one of the same id."""
    with begin() as connection:
        connection.execute(
            delete(tables.endpoints).where(tables.endpoints.c.endpoint_id == endpoint.endpoint_id)
        )
        connection.execute(
            insert(tables.endpoints).values(
                endpoint_id=endpoint.endpoint_id,
                body=encode_full(endpoint),
                secret_sealed=sealed,
                created_at=now,
            )
        )
        _audit(connection, what="endpoints.write", subject=endpoint.endpoint_id, now=now)


def read_endpoints(read: Read) -> list[tuple[Endpoint, bool]]:
    """Return all endpoints by id, each with whether it is live."""
    query = select(tables.endpoints).order_by(tables.endpoints.c.endpoint_id)
    with read() as connection:
        return [
            (decode(Endpoint, row.body), row.disabled_at is None)
            for row in connection.execute(query)
        ]


def _key_row(key: DeviceKey) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "unit_id": key.unit_id,
        "secret_sha256": key.secret_sha256,
        "max_level": key.max_level,
        "issued_at": key.issued_at,
        "expires_at": key.expires_at,
    }


def _audit(connection: Connection, *, what: str, subject: str, now: datetime) -> None:
    connection.execute(
        insert(tables.audit).values(at=now, who="cli", what=what, subject=subject, detail="")
    )
