"""Who sees what: the one place. Every query has `visible_to(…)` in the same statement.

A row is there for a viewer or it is not; hidden and missing are the same. Levels: a viewer reads
rows at or below their own. An incident whose reports lie at several levels has a view for each
lower level, and is there for whoever may see the lowest. Areas: P-codes of counties and states;
none is the whole mission. A row whose place is not certain to lie in an area is hidden from those
who have one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Table, and_, false, or_, select, true

from schemas.access import Permission, Principal
from schemas.incident import Incident
from schemas.tables import alerts, cube, deliveries, flags, incidents, layers, reports

Clause = ColumnElement[bool]


def visible_to(principal: Principal, table: Table) -> Clause:
    """Return the clause that keeps the rows of a table that a person may see.

    `principal.areas` must name the counties of each of their states (`api.shelf` widens them).
    A table that has no rule is visible to nobody.
    """
    rule = _RULES.get(table.name)
    return false() if rule is None else rule(principal)


def is_in_areas(principal: Principal, view: Incident) -> bool:
    """Say whether the view of an incident lies in the viewer's areas.

    The clause has compared the place that all reports give together; a lower view may lie
    elsewhere.
    """
    return not principal.areas or bool({view.adm1, view.adm2} & set(principal.areas))


def _incidents(principal: Principal) -> Clause:
    level = int(principal.level)
    lowest_view = and_(incidents.c.min_level <= level, incidents.c.views.is_not(None))
    return _all_of(
        principal,
        Permission.READ_MAP,
        or_(incidents.c.level <= level, lowest_view),
        _in_areas(principal, incidents),
    )


def _reports(principal: Principal) -> Clause:
    return _all_of(
        principal,
        Permission.READ_REPORTS,
        reports.c.level <= int(principal.level),
        _in_areas(principal, reports),
    )


def _alerts(principal: Principal) -> Clause:
    own = true() if not principal.areas else alerts.c.place_key.in_(principal.areas)
    level = alerts.c.level <= int(principal.level)
    return _all_of(principal, Permission.READ_MAP, level, own)


def _flags(principal: Principal) -> Clause:
    return _all_of(
        principal,
        Permission.READ_MAP,
        flags.c.level <= int(principal.level),
        _flag_in_areas(principal),
    )


def _flag_in_areas(principal: Principal) -> Clause:
    """A flag near an uncertain county goes with its alert, which may name a state."""
    if not principal.areas:
        return true()
    own_alerts = select(alerts.c.alert_id).where(_alerts(principal))
    return or_(flags.c.adm2.in_(principal.areas), flags.c.alert_id.in_(own_alerts))


def _cube(principal: Principal) -> Clause:
    own = true() if not principal.areas else cube.c.adm2.in_(principal.areas)
    return _all_of(principal, Permission.READ_MAP, cube.c.level <= int(principal.level), own)


def _deliveries(principal: Principal) -> Clause:
    """Who configures endpoints sees that they were rung, but none of what rang them."""
    if principal.may(Permission.CONFIGURE):
        return true()
    return deliveries.c.alert_id.in_(select(alerts.c.alert_id).where(_alerts(principal)))


def _layers(principal: Principal) -> Clause:
    """The mission's geography is the same for everyone who sees the map."""
    return true() if principal.may(Permission.READ_MAP) else false()


def _in_areas(principal: Principal, table: Table) -> Clause:
    if not principal.areas:
        return true()
    return or_(table.c.adm2.in_(principal.areas), table.c.adm1.in_(principal.areas))


def _all_of(principal: Principal, permission: Permission, *clauses: Clause) -> Clause:
    return and_(*clauses) if principal.may(permission) else false()


_RULES: Mapping[str, Callable[[Principal], Clause]] = {
    incidents.name: _incidents,
    reports.name: _reports,
    alerts.name: _alerts,
    flags.name: _flags,
    cube.name: _cube,
    deliveries.name: _deliveries,
    layers.name: _layers,
}
