"""Roles of PostgreSQL that may read the schema `gis`: who they are and what they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, text

from api.repository.accounts import AuditLine, note
from deploy.database import Transaction
from deploy.gis import schema
from schemas.access import Level
from schemas.errors import ConfigurationError, NotFoundError
from schemas.tables import gis_readers

# Whoever gets past the views anyway must not be listed as if they were held back by them.
_ROLE = text("""
SELECT rolsuper OR rolbypassrls OR pg_has_role(oid, current_user::regrole, 'MEMBER')
FROM pg_roles WHERE rolname = :role
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A role, the highest level that it reads, and its areas as users have them."""

    role: str
    level: Level
    areas: tuple[str, ...] = ()


def add_reader(begin: Transaction, reader: Reader, *, now: datetime) -> None:
    """List a role and let it in, or change what it sees.

    Raises NotFoundError for a role that PostgreSQL does not have, ConfigurationError for one that
    is above the views, for areas that are no P-codes, and where there are no views.
    """
    if any("," in area or not area.strip() for area in reader.areas):
        raise ConfigurationError("an area is one P-code, such as SS0303; repeat --area for more")
    with begin() as connection:
        _require_views(connection)
        _require_role(connection, reader.role)
        connection.execute(delete(gis_readers).where(gis_readers.c.role == reader.role))
        connection.execute(
            insert(gis_readers).values(
                role=reader.role,
                level=int(reader.level),
                areas=",".join(reader.areas),
                added_at=now,
            )
        )
        schema.grant(connection, reader.role)
        detail = f"level={int(reader.level)} areas={','.join(reader.areas) or 'everywhere'}"
        _note(connection, "gis_reader_added", reader.role, detail=detail, now=now)


def list_readers(read: Transaction) -> Sequence[Reader]:
    """Return the listed roles by name. Raises ConfigurationError where there are no views."""
    with read() as connection:
        _require_views(connection)
        rows = connection.execute(select(gis_readers).order_by(gis_readers.c.role)).all()
    return [
        Reader(
            role=row.role,
            level=Level(row.level),
            areas=tuple(area for area in row.areas.split(",") if area),
        )
        for row in rows
    ]


def remove_reader(begin: Transaction, role: str, *, now: datetime) -> None:
    """Let a role see nothing any more, at once. Raises NotFoundError for one that is not listed."""
    with begin() as connection:
        _require_views(connection)
        gone = connection.execute(delete(gis_readers).where(gis_readers.c.role == role))
        if gone.rowcount != 1:
            raise NotFoundError(f"{role} is not listed: see `tocsin gis readers list`")
        if connection.execute(_ROLE, {"role": role}).first() is not None:
            schema.revoke(connection, role)
        _note(connection, "gis_reader_removed", role, detail="", now=now)


def _require_views(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        raise ConfigurationError(
            "other people's tools read from PostgreSQL only, and this mission is in a file: "
            "set TOCSIN_DATABASE_URL"
        )
    missing = schema.what_is_missing(connection)
    if missing is not None:
        raise ConfigurationError(missing)


def _require_role(connection: Connection, role: str) -> None:
    found = connection.execute(_ROLE, {"role": role}).first()
    if found is None:
        raise NotFoundError(
            f"PostgreSQL has no role {role}: let an administrator of the database run "
            f"CREATE ROLE {role} LOGIN PASSWORD '…', then try again"
        )
    if found[0]:
        raise ConfigurationError(
            f"the role {role} sees every table by itself (it is an administrator, or belongs to "
            "the owner of the tables): use a role of its own for reading"
        )


def _note(connection: Connection, what: str, role: str, *, detail: str, now: datetime) -> None:
    note(connection, AuditLine(at=now, who="cli", what=what, subject=role, detail=detail))
