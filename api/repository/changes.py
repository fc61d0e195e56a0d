"""The feed of changes in the database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from api.queries import changes as queries
from schemas.access import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that changed, by id. A delivery's id is its alert's."""

    seq: int
    entity: str
    entity_id: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The first and last change that are kept; both 0 when there is none."""

    first: int
    last: int


def span_of_changes(connection: Connection) -> Span:
    """Return which changes are kept."""
    first, last = connection.execute(queries.span()).one()
    return Span(first=first or 0, last=last or 0)


def changes_between(
    connection: Connection, principal: Principal, *, after: int, until: int, limit: int
) -> list[Change]:
    """Return up to `limit` changes in (after, until] that a person may see, oldest first."""
    statement = queries.visible_changes(principal, after=after, until=until, limit=limit)
    return [
        Change(
            seq=row.seq,
            entity=row.entity,
            entity_id=str(row.entity_id),
            revision=row.revision,
        )
        for row in connection.execute(statement)
    ]
