"""Flags in the database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from api.queries import flags as queries
from api.queries.flags import FlagFilter
from schemas.access import Principal
from schemas.codec import decode
from schemas.flag import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagPage:
    """One page, and the id after which the next one starts; None at the end."""

    flags: list[Flag]
    next_before: str | None


def page_of_flags(
    connection: Connection,
    principal: Principal,
    wanted: FlagFilter,
    *,
    before: str | None,
    limit: int,
) -> FlagPage:
    """Return up to `limit` flags."""
    statement = queries.page(principal, wanted, before=before, limit=limit + 1)
    rows = connection.execute(statement).all()
    return FlagPage(
        flags=[decode(Flag, row.body) for row in rows[:limit]],
        next_before=rows[limit - 1].flag_id if len(rows) > limit else None,
    )


def find_flag(connection: Connection, principal: Principal, flag_id: str) -> Flag | None:
    """Return one flag; None when it is missing or hidden."""
    body = connection.execute(queries.one(principal, flag_id)).scalar_one_or_none()
    return None if body is None else decode(Flag, body)


def flags_of_alert(connection: Connection, principal: Principal, alert_id: str) -> list[Flag]:
    """Return the flags of an alert that the caller may see, highest band first."""
    bodies = connection.execute(queries.of_alert(principal, alert_id)).scalars()
    return [decode(Flag, body) for body in bodies]
