"""Flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from api.access import visible_to
from api.params import Interval
from api.queries.paging import in_box
from schemas.access import Principal
from schemas.geometry import BoundingBox
from schemas.tables import flags


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagFilter:
    """Which flags are asked for. The interval is rounded out to mission-local days."""

    box: BoundingBox | None = None
    interval: Interval | None = None
    rule_ids: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    min_band: int = 1


def page(
    principal: Principal, wanted: FlagFilter, *, before: str | None, limit: int
) -> Select[Any]:
    """List flags, newest day first, by id within a day."""
    statement = (
        select(flags.c.flag_id, flags.c.body)
        .where(visible_to(principal, flags), *_wanted(wanted))
        .order_by(flags.c.flag_id.desc())
        .limit(limit)
    )
    return statement if before is None else statement.where(flags.c.flag_id < before)


def one(principal: Principal, flag_id: str) -> Select[Any]:
    """Find one flag."""
    return select(flags.c.body).where(flags.c.flag_id == flag_id, visible_to(principal, flags))


def of_alert(principal: Principal, alert_id: str) -> Select[Any]:
    """List the flags of an alert, highest band first."""
    return (
        select(flags.c.body)
        .where(flags.c.alert_id == alert_id, visible_to(principal, flags))
        .order_by(flags.c.band.desc(), flags.c.flag_id)
    )


def _wanted(wanted: FlagFilter) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [flags.c.band >= wanted.min_band]
    if wanted.rule_ids:
        clauses.append(flags.c.rule_id.in_(wanted.rule_ids))
    if wanted.states:
        clauses.append(flags.c.state.in_(wanted.states))
    if wanted.box is not None:
        clauses.append(in_box(flags, wanted.box))
    if wanted.interval is not None and wanted.interval.first_day is not None:
        clauses.append(flags.c.day >= wanted.interval.first_day)
    if wanted.interval is not None and wanted.interval.last_day is not None:
        clauses.append(flags.c.day <= wanted.interval.last_day)
    return clauses
