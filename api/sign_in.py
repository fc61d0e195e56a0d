"""Signing in and out: what is checked, stored and written down, in one transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Connection

from api.parts import ApiParts
from api.passwords import Passwords
from api.problems import ProblemError
from api.repository import accounts
from api.repository.accounts import Account, AuditLine, NewSession
from api.tokens import new_token, token_sha256

# What the audit trail says instead of a user id that does not exist: people sometimes type their
# password into the wrong field.
NOBODY = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Where a try comes from: the address, and the session that the browser still has."""

    address: str
    old_session_sha256: str | None


def sign_in(
    parts: ApiParts, passwords: Passwords, user_id: str, password: str, attempt: Attempt
) -> str:
    """Return the cookie's value of a new session. Raises 401.

    A wrong password and a person who does not exist take the same path and time.
    """
    with parts.read() as connection:
        account = accounts.find_account(connection, user_id)
    is_right = passwords.matches(None if account is None else account.password_hash, password)
    now = parts.system_clock.now()
    if account is None or not is_right:
        _note_failure(parts, account, attempt, now=now)
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "the user or the password is wrong")
    rehashed = _rehash(passwords, account, password)
    with parts.begin() as connection:
        if rehashed is not None:
            accounts.store_password(connection, user_id, rehashed)
        accounts.note(connection, _line(user_id, "signed_in", attempt, now=now))
        return _begin_session(parts, connection, user_id, attempt, now=now)


def redeem_link(
    parts: ApiParts, passwords: Passwords, token: str, password: str, attempt: Attempt
) -> str:
    """Set the password of whoever was given a one-time link, and sign them in. Raises 401."""
    link = token_sha256(token)
    with parts.read() as connection:
        user_id = accounts.owner_of_link(connection, link, now=parts.system_clock.now())
    if user_id is None:
        raise _spent()
    password_hash = passwords.hash(password)
    now = parts.system_clock.now()
    with parts.begin() as connection:
        if not accounts.use_link(connection, link, now=now):
            raise _spent()
        accounts.change_password(connection, user_id, password_hash)
        accounts.note(connection, _line(user_id, "password_set", attempt, now=now))
        return _begin_session(parts, connection, user_id, attempt, now=now)


def sign_out(parts: ApiParts, user_id: str, attempt: Attempt) -> None:
    """Forget the session that the browser has."""
    now = parts.system_clock.now()
    with parts.begin() as connection:
        if attempt.old_session_sha256 is not None:
            accounts.end_session(connection, attempt.old_session_sha256)
        accounts.note(connection, _line(user_id, "signed_out", attempt, now=now))


def _begin_session(
    parts: ApiParts, connection: Connection, user_id: str, attempt: Attempt, *, now: datetime
) -> str:
    """Always a new id: one that somebody planted in the browser beforehand stays worthless."""
    token = new_token()
    new = NewSession(
        session_sha256=token_sha256(token),
        csrf=new_token(),
        begins_at=now,
        expires_at=now + parts.settings.session_lifetime,
    )
    if attempt.old_session_sha256 is not None:
        accounts.end_session(connection, attempt.old_session_sha256)
    accounts.begin_session(connection, user_id, new)
    return token


def _note_failure(
    parts: ApiParts, account: Account | None, attempt: Attempt, *, now: datetime
) -> None:
    who = NOBODY if account is None else account.principal.user_id
    with parts.begin() as connection:
        accounts.note(connection, _line(who, "sign_in_failed", attempt, now=now))


def _rehash(passwords: Passwords, account: Account, password: str) -> str | None:
    if account.password_hash is None or not passwords.is_outdated(account.password_hash):
        return None
    return passwords.hash(password)


def _line(who: str, what: str, attempt: Attempt, *, now: datetime) -> AuditLine:
    return AuditLine(at=now, who=who, what=what, subject=who, detail=f"from {attempt.address}")


def _spent() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "this link was used, is older than a day, or was never given out; ask for a new one",
    )
