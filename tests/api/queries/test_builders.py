"""Every builder compiles for both databases, and asks who may see the rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from api.params import parse_box, parse_interval
from api.queries import accounts, activity, alerts, changes, flags, incidents, layers
from api.queries.paging import first_id_of
from schemas.access import Level, Principal, Role
from schemas.identity import incident_id

SOMEONE = Principal(
    user_id="ann", name="Ann", roles=(Role.ANALYST,), level=Level.UNCLASSIFIED, areas=("SS03",)
)
NOW = datetime(2013, 12, 16, tzinfo=UTC)
ID = "0142f8b3-c400-8054-b118-35cf93a0c0b7"
BOX = parse_box("170,-10,-170,10")
INTERVAL = parse_interval("2013-12-16/2013-12-17", ZoneInfo("Africa/Juba"))
DIALECTS: list[Dialect] = [SQLiteDialect(), PGDialect()]  # type: ignore[no-untyped-call]

FOR_PEOPLE: Mapping[str, ClauseElement] = {
    "incidents.page": incidents.page(
        SOMEONE,
        incidents.IncidentFilter(
            box=BOX,
            interval=INTERVAL,
            event_classes=("CLASH",),
            event_types=("AC_CLASH",),
            min_severity=3,
        ),
        before=ID,
        limit=10,
    ),
    "incidents.one": incidents.one(SOMEONE, ID),
    "incidents.several": incidents.several(SOMEONE, [ID]),
    "incidents.members": incidents.members(SOMEONE, ["root-1"]),
    "flags.page": flags.page(
        SOMEONE,
        flags.FlagFilter(box=BOX, interval=INTERVAL, rule_ids=("R01",), states=("RAISED",)),
        before=ID,
        limit=10,
    ),
    "flags.one": flags.one(SOMEONE, ID),
    "flags.of_alert": flags.of_alert(SOMEONE, ID),
    "alerts.page": alerts.page(
        SOMEONE,
        alerts.AlertFilter(states=("RAISED",), kinds=("R01",), box=BOX, interval=INTERVAL),
        before=(16055, 87),
        limit=10,
    ),
    "alerts.one": alerts.one(SOMEONE, ID),
    "alerts.ledger": alerts.ledger(SOMEONE, ID),
    "alerts.told": alerts.told(SOMEONE, ID),
    "alerts.recent_deliveries": alerts.recent_deliveries(
        SOMEONE, endpoint_id="joc", states=("FAILED",), limit=10
    ),
    "activity.by_cell": activity.by_cell(
        SOMEONE, activity.ActivityFilter(interval=INTERVAL, event_classes=("CLASH",))
    ),
    "changes.visible": changes.visible_changes(SOMEONE, after=1, until=9, limit=10),
}
FOR_THE_SERVICE: Mapping[str, ClauseElement] = {
    "incidents.moved_to": incidents.moved_to("incident", ID),
    "layers.listed": layers.listed(SOMEONE),
    "layers.head": layers.head("adm2"),
    "layers.features": layers.features("adm2"),
    "changes.span": changes.span(),
    "accounts.account": accounts.account("ann"),
    "accounts.any_account": accounts.any_account("ann"),
    "accounts.session": accounts.session_with_user("0" * 64, now=NOW),
    "accounts.live": accounts.live_sessions(frozenset({"0" * 64}), now=NOW),
    "accounts.link": accounts.link("0" * 64, now=NOW),
    "accounts.use_link": accounts.use_link("0" * 64, now=NOW),
    "accounts.void_links": accounts.void_links("ann", now=NOW),
    "accounts.add_link": accounts.add_link("0" * 64, "ann", expires_at=NOW),
    "accounts.set_password": accounts.set_password("ann", "hash"),
    "accounts.drop_expired": accounts.drop_expired_sessions(now=NOW),
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
@pytest.mark.parametrize("name", [*FOR_PEOPLE, *FOR_THE_SERVICE])
def test_compiles_for_both_databases(name: str, dialect: Dialect) -> None:
    statement = {**FOR_PEOPLE, **FOR_THE_SERVICE}[name]
    assert str(statement.compile(dialect=dialect))


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_asks_for_level_and_area_in_the_same_statement(name: str) -> None:
    compiled = FOR_PEOPLE[name].compile(dialect=SQLiteDialect())
    text = str(compiled)
    assert "level <=" in text
    assert ["SS03"] in [list(v) for v in compiled.params.values() if isinstance(v, tuple | list)]


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_no_value_is_part_of_the_text(name: str) -> None:
    text = str(FOR_PEOPLE[name].compile(dialect=SQLiteDialect()))
    assert ID not in text
    assert "SS03" not in text


@pytest.mark.parametrize("day", [0, 16055, 20000])
def test_the_ids_of_a_day_lie_between_its_first_and_the_next_days_first(day: int) -> None:
    for root in ("a", "b", "c"):
        found = incident_id(day * 86_400_000, root)
        assert first_id_of(day) <= found < first_id_of(day + 1)


def test_a_day_before_1970_or_far_away_has_a_first_id_too() -> None:
    assert first_id_of(-400_000) == first_id_of(0)
    assert first_id_of(10**9) == "ffffffff-ffff-0000-0000-000000000000"
