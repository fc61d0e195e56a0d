"""The feed of changes, each only to those who may see what changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    select,
    union_all,
)

from api.access import visible_to
from schemas.access import Principal
from schemas.column_types import Id
from schemas.tables import alerts, changes, flags, incidents, redirects, reports


def span() -> Select[Any]:
    """Find the first and the last change that are kept; NULL when there is none.

    Two scalar queries, since SQLite takes only a lone min or max from the end of the index.
    """
    first = select(func.min(changes.c.seq)).scalar_subquery()
    last = select(func.max(changes.c.seq)).scalar_subquery()
    return select(first, last)


def visible_changes(
    principal: Principal, *, after: int, until: int, limit: int
) -> CompoundSelect[Any]:
    """List the changes in (after, until] of what a person may see, oldest first.

    An incident that became part of another is announced to those who may see the other one.
    """
    branches = (
        _of(principal, "incident", incidents, incidents.c.incident_id),
        _of(principal, "flag", flags, flags.c.flag_id),
        _of(principal, "alert", alerts, alerts.c.alert_id),
        _of(principal, "delivery", alerts, alerts.c.alert_id),
        _of(principal, "report", reports, reports.c.report_id),
        _moved(principal),
    )
    bounded = [branch.where(changes.c.seq > after, changes.c.seq <= until) for branch in branches]
    return union_all(*bounded).order_by("seq").limit(limit)


def _of(principal: Principal, entity: str, table: Table, key: ColumnElement[str]) -> Select[Any]:
    visible = and_(changes.c.entity == entity, visible_to(principal, table))
    return _columns().join(table, key == _id_of(entity)).where(visible)


def _moved(principal: Principal) -> Select[Any]:
    entity = "incident"
    return (
        _columns()
        .join(redirects, redirects.c.old_id == _id_of(entity))
        .join(incidents, incidents.c.incident_id == redirects.c.new_id)
        .where(
            changes.c.entity == entity,
            redirects.c.entity == entity,
            visible_to(principal, incidents),
            ~select(1).where(incidents.alias("own").c.incident_id == _id_of(entity)).exists(),
        )
    )


def _columns() -> Select[Any]:
    return select(
        changes.c.seq, changes.c.entity, changes.c.entity_id, changes.c.revision
    ).select_from(changes)


def _id_of(entity: str) -> ColumnElement[Any]:
    """Cast only where the entity has ids of ours: PostgreSQL refuses to cast other texts."""
    return case((changes.c.entity == entity, cast(changes.c.entity_id, Id())), else_=None)
