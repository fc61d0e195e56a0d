"""Who may see what: roles, sensitivity levels and permissions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from schemas.message import Message


class Level(IntEnum):
    """Sensitivity levels (ST/SGB/2007/6) in rising order."""

    UNCLASSIFIED = 0
    CONFIDENTIAL = 1
    STRICTLY_CONFIDENTIAL = 2


class Role(StrEnum):
    """Roles of people. A field unit is not a person: it has a device key."""

    ANALYST = "analyst"
    COMMANDER = "commander"
    ADMIN = "admin"
    PARTNER = "partner"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What a route declares that it needs; undeclared routes fail the test suite."""

    PUBLIC = "public"
    READ_MAP = "read_map"
    READ_REPORTS = "read_reports"
    ACT_ON_ALERTS = "act_on_alerts"
    CONFIGURE = "configure"
    READ_AUDIT = "read_audit"


_MAP = frozenset({Permission.PUBLIC, Permission.READ_MAP})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: _MAP | {Permission.READ_REPORTS, Permission.ACT_ON_ALERTS},
    Role.COMMANDER: _MAP | {Permission.READ_REPORTS, Permission.ACT_ON_ALERTS},
    Role.ADMIN: frozenset({Permission.PUBLIC, Permission.CONFIGURE, Permission.READ_AUDIT}),
    Role.PARTNER: frozenset({Permission.PUBLIC}),
    Role.AUDITOR: frozenset({Permission.PUBLIC, Permission.READ_AUDIT}),
}


class Principal(Message):
    """Who asks: a person with roles, the highest level that they may read, and their areas.

    Empty `areas` is the whole mission. `areas` are P-codes of counties or states.
    """

    user_id: str
    name: str
    roles: tuple[Role, ...]
    level: Level = Level.UNCLASSIFIED
    areas: tuple[str, ...] = ()

    def may(self, permission: Permission) -> bool:
        """Say whether one of the roles has a permission."""
        return any(permission in PERMISSIONS[role] for role in self.roles)


SENSITIVITY_LEVEL: Mapping[str, Level] = {level.name: level for level in Level}


def level_of(sensitivity: str) -> Level:
    """Return the level of a sensitivity code; an unknown one is the highest (deny by default)."""
    return SENSITIVITY_LEVEL.get(sensitivity, Level.STRICTLY_CONFIDENTIAL)
