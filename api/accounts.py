"""What the command line does with people's accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from api.queries import accounts as queries
from api.repository.accounts import AuditLine, find_account, is_taken, note
from api.tokens import new_token, token_sha256
from schemas.access import Principal
from schemas.errors import ConflictError, NotFoundError

LINK_LIFETIME = timedelta(hours=24)


def create_user(connection: Connection, person: Principal, *, by: str, now: datetime) -> None:
    """Store a person without a password; `issue_link` lets them set one.

    Raises ConflictError when the user id is taken.
    """
    if is_taken(connection, person.user_id):
        raise ConflictError(person.user_id)
    values = {
        "user_id": person.user_id,
        "name": person.name,
        "roles": ",".join(role.value for role in person.roles),
        "level": int(person.level),
        "areas": ",".join(person.areas),
        "created_at": now,
    }
    connection.execute(queries.add_user(values))
    note(connection, AuditLine(at=now, who=by, what="user_created", subject=person.user_id))


def issue_link(connection: Connection, user_id: str, *, by: str, now: datetime) -> str:
    """Return the token of a new one-time link, and void the person's older ones.

    Whoever opens it within 24 hours sets the password: `<public url>/#/sign-in?token=<token>`.
    Only its hash is stored, so it cannot be shown again. Raises NotFoundError for an unknown or
    disabled person.
    """
    if find_account(connection, user_id) is None:
        raise NotFoundError(user_id)
    token = new_token()
    connection.execute(queries.void_links(user_id, now=now))
    connection.execute(
        queries.add_link(token_sha256(token), user_id, expires_at=now + LINK_LIFETIME)
    )
    note(connection, AuditLine(at=now, who=by, what="link_issued", subject=user_id))
    return token
