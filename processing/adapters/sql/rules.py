"""Rules in the database: every version that ever was in force stays, so flags can be recomputed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select, update

from processing.adapters.sql.errors import translated
from schemas.codec import encode_full
from schemas.errors import ConfigurationError, NotFoundError
from schemas.rule import Rule
from schemas.tables import rules

Transaction = Callable[[], AbstractContextManager[Connection]]

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


def store_rules(begin: Transaction, new: Sequence[Rule], *, now: datetime) -> None:
    """Put rules in force, and those that are not among them out of force.

    A version that is stored already is put in force again if it is equal. Raises
    ConfigurationError when it differs: flags name a version, so what it means may not change.
    """
    with translated(), begin() as connection:
        connection.execute(update(rules).values(active=False))
        for rule in new:
            _put_in_force(connection, rule, now)


def list_rules(read: Transaction) -> list[Rule]:
    """Return the rules in force, in order of rule_id."""
    with translated(), read() as connection:
        return load_active(connection)


def load_active(connection: Connection) -> list[Rule]:
    """Return the rules in force, in order of rule_id."""
    found = connection.execute(
        select(rules.c.body).where(rules.c.active).order_by(rules.c.rule_id, rules.c.version)
    )
    return [_RULE.validate_json(row.body) for row in found]


def load_version(connection: Connection, rule_id: str, version: int) -> Rule:
    """Return one version of a rule, in force or not. Raises NotFoundError."""
    body = connection.execute(
        select(rules.c.body).where(rules.c.rule_id == rule_id, rules.c.version == version)
    ).scalar_one_or_none()
    if body is None:
        raise NotFoundError(f"rule {rule_id} version {version} is not stored")
    return _RULE.validate_json(body)


def _put_in_force(connection: Connection, rule: Rule, now: datetime) -> None:
    where = (rules.c.rule_id == rule.rule_id) & (rules.c.version == rule.version)
    body = connection.execute(select(rules.c.body).where(where)).scalar_one_or_none()
    if body is None:
        connection.execute(
            insert(rules).values(
                rule_id=rule.rule_id,
                version=rule.version,
                body=encode_full(rule),
                loaded_at=now,
                active=True,
            )
        )
        return
    if _RULE.validate_json(body).params_sha256() != rule.params_sha256():
        raise ConfigurationError(
            f"rule {rule.rule_id} version {rule.version} is stored with other parameters: "
            "raise its version"
        )
    connection.execute(update(rules).where(where).values(active=True))
