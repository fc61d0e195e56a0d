"""Accounts and sessions in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from api.queries import accounts as queries
from schemas.access import Level, Principal, Role

# A role that a newer version gave means nothing here.
_ROLES = frozenset(role.value for role in Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in."""

    principal: Principal
    password_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A live session with its person."""

    principal: Principal
    csrf: str
    session_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What is stored of a session that begins; the cookie's value is not."""

    session_sha256: str
    csrf: str
    begins_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """Who did what to which subject. Never a secret, never a report's text."""

    at: datetime
    who: str
    what: str
    subject: str
    detail: str = ""


def find_account(connection: Connection, user_id: str) -> Account | None:
    """Return the account of a person who is not disabled."""
    row = connection.execute(queries.account(user_id)).one_or_none()
    if row is None:
        return None
    return Account(principal=_principal(row), password_hash=row.password_hash)


def is_taken(connection: Connection, user_id: str) -> bool:
    """Say whether a user id was ever given to someone."""
    return connection.execute(queries.any_account(user_id)).first() is not None


def find_session(connection: Connection, session_sha256: str, *, now: datetime) -> Session | None:
    """Return a session that is not over, of a person who is not disabled."""
    row = connection.execute(queries.session_with_user(session_sha256, now=now)).one_or_none()
    if row is None:
        return None
    return Session(principal=_principal(row), csrf=row.csrf, session_sha256=row.session_sha256)


def still_live(connection: Connection, hashes: frozenset[str], *, now: datetime) -> frozenset[str]:
    """Return those of some sessions that are not over."""
    return frozenset(connection.execute(queries.live_sessions(hashes, now=now)).scalars())


def begin_session(connection: Connection, user_id: str, new: NewSession) -> None:
    """Store a new session and forget those that are over."""
    connection.execute(queries.drop_expired_sessions(now=new.begins_at))
    connection.execute(
        queries.add_session(
            new.session_sha256,
            user_id,
            csrf=new.csrf,
            now=new.begins_at,
            expires_at=new.expires_at,
        )
    )


def end_session(connection: Connection, session_sha256: str) -> None:
    """Forget a session; forgetting it twice is the same."""
    connection.execute(queries.drop_session(session_sha256))


def owner_of_link(connection: Connection, token_sha256: str, *, now: datetime) -> str | None:
    """Return whose unused link that is."""
    return connection.execute(queries.link(token_sha256, now=now)).scalar_one_or_none()


def use_link(connection: Connection, token_sha256: str, *, now: datetime) -> bool:
    """Use a link up; False when somebody was faster."""
    return connection.execute(queries.use_link(token_sha256, now=now)).rowcount == 1


def store_password(connection: Connection, user_id: str, password_hash: str) -> None:
    """Set the hash of a password; sessions go on."""
    connection.execute(queries.set_password(user_id, password_hash))


def change_password(connection: Connection, user_id: str, password_hash: str) -> None:
    """Set a password and end every session that the old one began."""
    store_password(connection, user_id, password_hash)
    connection.execute(queries.drop_sessions_of(user_id))


def note(connection: Connection, line: AuditLine) -> None:
    """Add a line to the audit trail."""
    connection.execute(
        queries.add_audit(
            at=line.at, who=line.who, what=line.what, subject=line.subject, detail=line.detail
        )
    )


def _principal(row: Row[Any]) -> Principal:
    return Principal(
        user_id=row.user_id,
        name=row.name,
        roles=tuple(Role(role) for role in row.roles.split(",") if role in _ROLES),
        level=Level(row.level),
        areas=tuple(area for area in row.areas.split(",") if area),
    )
