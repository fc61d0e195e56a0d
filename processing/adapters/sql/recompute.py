"""Deriving one flag anew, from reports, incidents, layers and parameters; never from its numbers.

Two things are looked at: whether the rule, run over the incidents that are stored now, says of the
flag's key what is stored; and whether each incident that the flag rests on is what its own reports,
placed and summarised again, make of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection

from processing.adapters.sql.errors import translated
from processing.adapters.sql.rules import load_version
from processing.adapters.sql.transaction import stores_of
from processing.batch.account import read_account
from processing.batch.assess import drafts, key_of
from processing.batch.flags import Drafted, body_of, said_of
from processing.batch.incidents import columns, compose, incident_row
from processing.batch.placing import placed_rows
from processing.batch.rows import IncidentRow, ReportRow
from processing.batch.stores import Stores
from processing.batch.world import World, WorldCache
from processing.engine.batch import Decoded
from processing.fuse.summary import Member
from processing.rules.registry import scope_of
from processing.rules.window import FlagRange, Scope, Touched
from schemas.codec import decode
from schemas.errors import NotFoundError
from schemas.flag import Flag, FlagState
from schemas.log import Record
from schemas.rule import Rule

Read = Callable[[], AbstractContextManager[Connection]]

# Numbers that differ by less are equal: libraries may differ in the last bits.
TOLERANCE = 1e-9

_COMPARED = (
    "params_sha256",
    "band",
    "priority",
    "certainty",
    "unverified",
    "level",
    "numbers",
    "evidence",
    "explanation",
)

# Marks such as `retrospective` depend on the time and are not compared.
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """A stored flag beside the same flag derived anew; None when its rule no longer raises it."""

    stored: Flag
    recomputed: Flag | None
    differences: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether both say the same, and its incidents are what their reports say."""
        return not self.differences


class SqlRecomputer:
    """Derives flags anew from one snapshot of the store. Blocks; changes nothing."""

    def __init__(self, read: Read, zone: ZoneInfo) -> None:
        self._read = read
        self._zone = zone
        self._world = WorldCache()

    def recompute(self, flag_id: str) -> Recomputed:
        """Compare a stored flag with what comes out now. Raises NotFoundError."""
        with translated(), self._read() as connection:
            stores = stores_of(connection)
            found = stores.flags.of_ids([flag_id])
            if not found:
                raise NotFoundError(f"no flag {flag_id}")
            stored = decode(Flag, found[0].body)
            rule = load_version(connection, stored.rule_id, stored.rule_version)
            world = self._world.of(stores.world)
            evidence = stores.incidents.of_ids([one.incident_id for one in stored.evidence])
            again = _again(stores, rule, stored, evidence, world)
            return Recomputed(
                stored=stored,
                recomputed=again,
                differences=(
                    *_differences(stored, again),
                    *_altered(stores, evidence, world, self._zone),
                ),
            )


def _again(
    stores: Stores, rule: Rule, stored: Flag, evidence: Sequence[IncidentRow], world: World
) -> Flag | None:
    """Return the flag of the same key as it comes out now.

    What must be read follows from the incidents that it names; which of them count, and for what,
    is found out anew.
    """
    touched = Touched(before=columns(()), after=columns(evidence))
    wanted = scope_of(rule, touched, world.locator, stores.incidents.of_windows)
    scope = replace(wanted, flags=_only(wanted, stored))
    for draft in drafts(stores, rule, scope, world.locator):
        if draft.flag_key() == stored.flag_key:
            drafted = Drafted(draft, rule, rule.params_sha256(), key_of(draft))
            # Through bytes, so that both have JSON's types.
            return decode(Flag, body_of(said_of(drafted, now=_ANY_TIME)))
    return None


def _only(scope: Scope, stored: Flag) -> tuple[FlagRange, ...]:
    """Return the part of a scope that answers for one flag."""
    return tuple(
        replace(one, day_from=stored.day, day_to=stored.day)
        for one in scope.flags
        if one.place_key == stored.place_key
        and one.day_from <= stored.day <= one.day_to
        and one.actor_class in {None, stored.actor_class}
    )


def _differences(stored: Flag, again: Flag | None) -> Iterable[str]:
    is_raised = stored.state is FlagState.RAISED
    if again is None:
        return ("the rule does not raise it any more",) if is_raised else ()
    if not is_raised:
        return ("it is withdrawn, but the rule raises it",)
    was, now = stored.model_dump(mode="json"), again.model_dump(mode="json")
    return (
        f"{path}: stored {_short(a)}, recomputed {_short(b)}"
        for name in _COMPARED
        for path, a, b in _unequal(name, was[name], now[name])
    )


def _unequal(path: str, a: Any, b: Any) -> Iterable[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from _unequal(f"{path}.{key}", a.get(key), b.get(key))
    elif _is_number(a) and _is_number(b):
        if not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            yield path, a, b
    elif a != b:
        yield path, a, b


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - fits a line


def _altered(
    stores: Stores, evidence: Iterable[IncidentRow], world: World, zone: ZoneInfo
) -> Iterable[str]:
    """Name the incidents that are not what their reports, placed and summarised again, say."""
    for row in evidence:
        roots = [root for root, _ in _members(row)]
        rows = [one for one in stores.reports.of_roots(roots) if one.incident_id == row.incident_id]
        if not rows or not _is_same(row, _from_reports(rows, row, world, zone)):
            yield f"incident {row.incident_id} is not what its reports say"


def _from_reports(
    rows: Sequence[ReportRow], stored: IncidentRow, world: World, zone: ZoneInfo
) -> IncidentRow | None:
    """Return the row that an incident's reports make, counted as the stored one is."""
    accounts = [read_account(row.body) for row in rows]
    arrivals = [
        Decoded(Record(partition=row.node, position=row.position, value=row.body), one)
        for row, one in zip(rows, accounts, strict=True)
    ]
    placed = placed_rows(arrivals, zone, world.locator)
    members = [Member(one.said, row) for row, one in zip(placed, accounts, strict=True)]
    seen = compose([members], world.locator)[0]
    return incident_row(seen, None, first_revision=stored.revision, now_us=stored.updated_at)


def _is_same(stored: IncidentRow, fresh: IncidentRow | None) -> bool:
    if fresh is None:
        return False
    bodies = (orjson.loads(one.body) for one in (stored, fresh))
    if any(_unequal("", *bodies)):
        return False
    return stored._replace(body=b"") == fresh._replace(body=b"")


def _members(row: IncidentRow) -> list[tuple[str, int]]:
    return [(root, revision) for root, revision in orjson.loads(row.body).get("members", ())]
