from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Table, func, select

from api.access import visible_to
from schemas import tables
from schemas.access import Level, Principal, Role
from tests.api.rows import (
    BOR,
    EQUATORIA,
    JONGLEI,
    JUBA,
    a_flag,
    a_report,
    an_alert,
    an_incident,
    put_alert,
    put_flag,
    put_incident,
    put_report,
)
from tests.api.world import World, person

Put = Callable[[Connection, int], object]


def count(world: World, who: Principal, table: Table) -> int:
    with world.read() as connection:
        statement = select(func.count()).select_from(table).where(visible_to(who, table))
        return int(connection.execute(statement).scalar_one())


PUTS: dict[str, Put] = {
    "reports": lambda c, level: put_report(c, a_report(f"root-{level}"), level=level),
    "incidents": lambda c, level: put_incident(
        c, an_incident(f"root-{level}", level=level, min_level=level)
    ),
    "flags": lambda c, level: put_flag(c, a_flag(f"R0{level}|x|STATE", level=level)),
    "alerts": lambda c, level: put_alert(c, an_alert(level, level=level)),
}


@pytest.mark.parametrize("name", PUTS)
@pytest.mark.parametrize("level", list(Level))
def test_a_row_is_there_at_or_below_the_viewers_level(
    world: World, name: str, level: Level
) -> None:
    with world.begin() as connection:
        for each in Level:
            PUTS[name](connection, int(each))
    assert count(world, person(level=level), tables.metadata.tables[name]) == int(level) + 1


@pytest.mark.parametrize("name", PUTS)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.PARTNER, Role.AUDITOR])
def test_who_may_not_read_the_map_sees_nothing_of_it(world: World, name: str, role: Role) -> None:
    with world.begin() as connection:
        PUTS[name](connection, 0)
    who = person("x", role, level=Level.STRICTLY_CONFIDENTIAL)
    assert count(world, who, tables.metadata.tables[name]) == 0


@pytest.mark.parametrize(
    "name", ["users", "sessions", "sign_in_links", "endpoints", "audit", "device_keys"]
)
def test_a_table_without_a_rule_is_visible_to_nobody(world: World, name: str) -> None:
    world.add_user(person())
    who = person("x", *Role, level=Level.STRICTLY_CONFIDENTIAL)
    assert count(world, who, tables.metadata.tables[name]) == 0


PLACED = [tables.incidents, tables.reports, tables.alerts, tables.flags]


class TestAreas:
    @pytest.fixture(autouse=True)
    def rows(self, world: World) -> None:
        places = [
            ("a", JONGLEI, BOR),
            ("b", EQUATORIA, JUBA),
            ("c", JONGLEI, None),
            ("d", None, None),
        ]
        with world.begin() as connection:
            for root, adm1, adm2 in places:
                put_report(connection, a_report(f"root-{root}"), adm1=adm1, adm2=adm2)
                put_incident(connection, an_incident(f"root-{root}", adm1=adm1, adm2=adm2))
            for number, key in enumerate((BOR, JUBA, JONGLEI, "cell:abc")):
                alert = put_alert(connection, an_alert(number, place_key=key))
                flag = a_flag(f"R01|{key}|STATE", adm2=key if key in {BOR, JUBA} else None)
                put_flag(connection, flag, alert=alert)

    @pytest.mark.parametrize("table", PLACED)
    def test_without_areas_the_whole_mission_is_there(self, world: World, table: Table) -> None:
        assert count(world, person(), table) == 4

    @pytest.mark.parametrize("table", PLACED)
    def test_a_county_shows_what_surely_lies_in_it(self, world: World, table: Table) -> None:
        assert count(world, person(areas=(BOR,)), table) == 1

    @pytest.mark.parametrize("table", PLACED)
    def test_a_state_shows_its_counties_and_what_lies_somewhere_in_it(
        self, world: World, table: Table
    ) -> None:
        # Widened as `Shelf.widen` does it.
        assert count(world, person(areas=(BOR, JONGLEI)), table) == 2
