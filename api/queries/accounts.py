"""People's accounts, sessions, one-time links and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, delete, insert, select, update

from schemas.tables import audit, sessions, sign_in_links, users


def account(user_id: str) -> Select[Any]:
    """Find a person who may sign in."""
    return select(users).where(users.c.user_id == user_id, users.c.disabled_at.is_(None))


def any_account(user_id: str) -> Select[Any]:
    """Find whether a user id is taken, be it by someone who is disabled."""
    return select(users.c.user_id).where(users.c.user_id == user_id)


def session_with_user(session_sha256: str, *, now: datetime) -> Select[Any]:
    """Find a live session with its person."""
    return (
        select(sessions.c.session_sha256, sessions.c.csrf, users)
        .join(users, users.c.user_id == sessions.c.user_id)
        .where(
            sessions.c.session_sha256 == session_sha256,
            sessions.c.expires_at > now,
            users.c.disabled_at.is_(None),
        )
    )


def live_sessions(hashes: frozenset[str], *, now: datetime) -> Select[Any]:
    """Find which of some sessions still live."""
    return (
        select(sessions.c.session_sha256)
        .join(users, users.c.user_id == sessions.c.user_id)
        .where(
            sessions.c.session_sha256.in_(sorted(hashes)),
            sessions.c.expires_at > now,
            users.c.disabled_at.is_(None),
        )
    )


def link(token_sha256: str, *, now: datetime) -> Select[Any]:
    """Find an unused link of a person who may sign in."""
    return (
        select(sign_in_links.c.user_id)
        .join(users, users.c.user_id == sign_in_links.c.user_id)
        .where(
            sign_in_links.c.token_sha256 == token_sha256,
            sign_in_links.c.used_at.is_(None),
            sign_in_links.c.expires_at > now,
            users.c.disabled_at.is_(None),
        )
    )


def use_link(token_sha256: str, *, now: datetime) -> Update:
    """Mark an unused link as used; of two at once, one touches a row."""
    return (
        update(sign_in_links)
        .where(
            sign_in_links.c.token_sha256 == token_sha256,
            sign_in_links.c.used_at.is_(None),
            sign_in_links.c.expires_at > now,
        )
        .values(used_at=now)
    )


def void_links(user_id: str, *, now: datetime) -> Update:
    """Mark the open links of a person as used."""
    return (
        update(sign_in_links)
        .where(sign_in_links.c.user_id == user_id, sign_in_links.c.used_at.is_(None))
        .values(used_at=now)
    )


def add_link(token_sha256: str, user_id: str, *, expires_at: datetime) -> Insert:
    """Store a one-time link."""
    return insert(sign_in_links).values(
        token_sha256=token_sha256, user_id=user_id, expires_at=expires_at
    )


def set_password(user_id: str, password_hash: str) -> Update:
    """Store a new password hash."""
    return update(users).where(users.c.user_id == user_id).values(password_hash=password_hash)


def add_session(
    session_sha256: str, user_id: str, *, csrf: str, now: datetime, expires_at: datetime
) -> Insert:
    """Store a session."""
    return insert(sessions).values(
        session_sha256=session_sha256,
        user_id=user_id,
        csrf=csrf,
        created_at=now,
        expires_at=expires_at,
    )


def drop_session(session_sha256: str) -> Delete:
    """Forget one session."""
    return delete(sessions).where(sessions.c.session_sha256 == session_sha256)


def drop_expired_sessions(*, now: datetime) -> Delete:
    """Forget the sessions that are over."""
    return delete(sessions).where(sessions.c.expires_at <= now)


def drop_sessions_of(user_id: str) -> Delete:
    """Forget every session of a person."""
    return delete(sessions).where(sessions.c.user_id == user_id)


def add_user(values: dict[str, Any]) -> Insert:
    """Store a person."""
    return insert(users).values(values)


def add_audit(*, at: datetime, who: str, what: str, subject: str, detail: str) -> Insert:
    """Store one line of the audit trail."""
    return insert(audit).values(at=at, who=who, what=what, subject=subject, detail=detail)
