"""People's accounts, as the command line and the demo make them."""

from __future__ import annotations

from api.accounts import create_user, issue_link
from deploy.box import Box
from schemas.access import Principal


def add_person(box: Box, person: Principal) -> str:
    """Store a person; return their one-time link. Raises ConflictError for a taken id."""
    now = box.system_clock.now()
    with box.database.begin() as connection:
        create_user(connection, person, by="cli", now=now)
        token = issue_link(connection, person.user_id, by="cli", now=now)
    return sign_in_link(box, token)


def link_for(box: Box, user_id: str) -> str:
    """Return a new one-time link for a person. Raises NotFoundError."""
    with box.database.begin() as connection:
        token = issue_link(connection, user_id, by="cli", now=box.system_clock.now())
    return sign_in_link(box, token)


def sign_in_link(box: Box, token: str) -> str:
    """Return the address that a one-time token opens; a fragment is never sent to a server."""
    return f"{box.settings.url}/#/sign-in?token={token}"
