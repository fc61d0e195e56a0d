"""The activity cube, summed for a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from api.access import visible_to
from api.params import Interval
from schemas.access import Principal
from schemas.tables import cube


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityFilter:
    """Which activity is asked for. The interval is rounded out to mission-local days."""

    interval: Interval | None = None
    event_classes: tuple[str, ...] = ()


def by_cell(principal: Principal, wanted: ActivityFilter) -> Select[Any]:
    """Sum the levels that a person may see, per cell; cells where nothing is left are dropped.

    A row holds what its level adds to those below, so single rows may be negative.
    """
    n_incidents = func.sum(cube.c.incidents)
    statement = (
        select(
            cube.c.cell5,
            n_incidents.label("n_incidents"),
            func.sum(cube.c.deaths).label("deaths"),
            func.sum(cube.c.weight_milli).label("weight_milli"),
        )
        .where(visible_to(principal, cube))
        .group_by(cube.c.cell5)
        .having(n_incidents > 0)
        .order_by(cube.c.cell5)
    )
    if wanted.event_classes:
        statement = statement.where(cube.c.event_class.in_(wanted.event_classes))
    if wanted.interval is not None and wanted.interval.first_day is not None:
        statement = statement.where(cube.c.day >= wanted.interval.first_day)
    if wanted.interval is not None and wanted.interval.last_day is not None:
        statement = statement.where(cube.c.day <= wanted.interval.last_day)
    return statement
