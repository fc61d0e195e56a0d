"""Who sees what with other tools: what the API shows a person of the same level and areas."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product

import psycopg
import pytest
from sqlalchemy import Connection, exc, select

from api.access import visible_to
from api.queries.alerts import AlertFilter
from api.queries.flags import FlagFilter
from api.queries.incidents import IncidentFilter
from api.repository.alerts import page_of_alerts
from api.repository.flags import page_of_flags
from api.repository.incidents import page_of_incidents
from api.shelf import Shelf
from deploy.gis.readers import Reader, add_reader, list_readers, remove_reader
from schemas.access import Level, Principal
from schemas.errors import ConfigurationError, NotFoundError
from schemas.tables import audit, gis_readers, incidents, metadata
from tests.api.rows import (
    BOR,
    EQUATORIA,
    JONGLEI,
    JUBA,
    NOON,
    a_flag,
    a_report,
    an_alert,
    an_incident,
    put_alert,
    put_counties,
    put_flag,
    put_incident,
    put_report,
)
from tests.api.world import person
from tests.deploy.gis.conftest import Mission, opened
from tests.support.postgresql import address_for, administer, new_role

PLACES = (
    (JONGLEI, BOR),
    (EQUATORIA, JUBA),
    (JONGLEI, None),
    (None, BOR),
    (None, None),
    ("SS99", "SS9901"),
)
KEYS = (BOR, JUBA, JONGLEI, EQUATORIA, "cell:abc")
AREAS: tuple[tuple[str, ...], ...] = (
    (),
    (BOR,),
    (JONGLEI,),
    (JUBA, JONGLEI),
    (EQUATORIA, "SS9901"),
    ("cell:abc",),
    ("nowhere",),
)
EVERYTHING = ("incidents", "flags", "alerts", "layers")
ID = {"incidents": "incident_id", "flags": "flag_id", "alerts": "alert_id"}


def fill(connection: Connection) -> None:
    """Every level with every place, at random levels of their parts."""
    chance = random.Random(7)
    put_counties(connection)
    for n, (level, place, retracted) in enumerate(product(range(3), PLACES, (False, True))):
        adm1, adm2 = place
        lowest = chance.randint(0, level)
        whole = an_incident(
            f"root-{n}", adm1=adm1, adm2=adm2, level=level, min_level=lowest, retracted=retracted
        )
        views = {at: whole.model_copy(update={"level": at}) for at in range(lowest, level)}
        put_incident(connection, whole, views=views or None)
        put_report(connection, a_report(f"root-{n}"), level=level, adm1=adm1, adm2=adm2)
    for n, (level, key) in enumerate(product(range(3), KEYS)):
        alert = put_alert(connection, an_alert(n, place_key=key, level=level))
        for m, (own, county) in enumerate(product(range(3), (BOR, JUBA, None))):
            flag = a_flag(f"R{m}|{n}|STATE", level=own, adm2=county)
            put_flag(connection, flag, alert=alert if m % 2 else None)


def by_api(mission: Mission, who: Principal) -> dict[str, set[str]]:
    """What the API lists, without the lower views of what has a part above the level."""
    with mission.database.read() as connection:
        who = Shelf().widen(connection, who)
        wholly = set(
            connection.execute(
                select(incidents.c.incident_id).where(
                    incidents.c.level <= int(who.level), visible_to(who, incidents)
                )
            ).scalars()
        )
        seen = page_of_incidents(connection, who, IncidentFilter(), before=None, limit=1_000)
        flagged = page_of_flags(connection, who, FlagFilter(), before=None, limit=1_000)
        rung = page_of_alerts(connection, who, AlertFilter(), before=None, limit=1_000)
    return {
        "incidents": {str(each.key[0]) for each in seen.incidents} & wholly,
        "flags": {each.flag_id for each in flagged.flags},
        "alerts": {each.alert_id for each in rung.alerts},
    }


def by_view(mission: Mission, role: str) -> dict[str, set[str]]:
    return {
        view: set(mission.column(role, f"SELECT {key} FROM gis.{view}")) for view, key in ID.items()
    }


@pytest.fixture
def filled(mission: Mission) -> Mission:
    with mission.database.begin() as connection:
        fill(connection)
    return mission


def test_a_reader_sees_what_a_person_of_the_same_level_and_areas_sees(filled: Mission) -> None:
    sizes: dict[tuple[int, Sequence[str]], int] = {}
    for level, areas in product(Level, AREAS):
        found = by_view(filled, filled.listed(level, *areas))
        assert found == by_api(filled, person(level=level, areas=areas)), (level, areas)
        sizes[int(level), areas] = sum(map(len, found.values()))
    # 18 incidents, 135 flags and 15 alerts: not two empty sets compared.
    assert sizes[2, ()] == 18 + 135 + 15
    assert sizes[0, ()] == 6 + 45 + 5
    assert sizes[2, ("nowhere",)] == 0
    assert len(set(sizes.values())) > 12


def test_who_is_not_listed_sees_nothing(filled: Mission) -> None:
    filled.listed(2)
    role = new_role()
    for view in EVERYTHING:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            filled.ask(role, f"SELECT * FROM gis.{view}")
    administer(filled.address, f"GRANT USAGE ON SCHEMA gis TO {role}")
    administer(filled.address, f"GRANT SELECT ON ALL TABLES IN SCHEMA gis TO {role}")
    for view in EVERYTHING:
        assert filled.ask(role, f"SELECT * FROM gis.{view}") == []


def test_who_is_granted_the_tables_by_mistake_finds_no_rows_in_them(filled: Mission) -> None:
    role = filled.listed(2)
    administer(filled.address, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    for table in [*metadata.tables, gis_readers.name]:
        assert filled.ask(role, f"SELECT * FROM {table}") == [], table


def test_tocsin_itself_is_refused_where_it_is_not_the_owner(filled: Mission) -> None:
    """It would take a database for empty of which it may see no row."""
    role = new_role()
    administer(filled.address, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    with opened(address_for(filled.address, role)) as other, pytest.raises(exc.ProgrammingError):
        by_api(other, person())


@pytest.mark.parametrize("table", [*metadata.tables, gis_readers.name])
def test_a_reader_can_read_no_table(mission: Mission, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        mission.ask(mission.listed(2), f"SELECT 1 FROM {table}")


WRITES = (
    "INSERT INTO gis.layers (layer) VALUES ('x') RETURNING 1",
    "UPDATE gis.{view} SET geometry = NULL RETURNING 1",
    "DELETE FROM gis.{view} RETURNING 1",
    "CREATE TABLE gis.mine (n int)",
    "UPDATE gis_readers SET level = 2 RETURNING 1",
    "SELECT level FROM gis.reader",
)


REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ObjectNotInPrerequisiteState,
    psycopg.errors.GeneratedAlways,
)


def test_a_reader_can_write_nothing(filled: Mission) -> None:
    role = filled.listed(0)
    for statement, view in product(WRITES, EVERYTHING):
        with pytest.raises(REFUSALS):
            filled.ask(role, statement.format(view=view))


def test_a_readers_own_condition_sees_no_row_that_is_not_the_readers(filled: Mission) -> None:
    role = filled.listed(0, BOR)
    heard: list[str] = []
    with psycopg.connect(address_for(filled.address, role)) as connection:
        connection.add_notice_handler(lambda said: heard.append(str(said.message_primary)))
        connection.execute("""
            CREATE FUNCTION pg_temp.tell(what text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql
            AS $$ BEGIN RAISE NOTICE '%', what; RETURN true; END $$""")
        for view, key in ID.items():
            heard.clear()
            query = f"SELECT {key} FROM gis.{view} WHERE pg_temp.tell({key}::text)"
            seen = {row[0] for row in connection.execute(query.encode())}
            assert seen == set(heard) == by_view(filled, role)[view]


def test_a_reader_is_changed_and_removed_at_once(filled: Mission) -> None:
    role = filled.listed(2)
    begin = filled.database.begin
    add_reader(begin, Reader(role=role, level=Level(0), areas=(BOR,)), now=NOON)
    assert by_view(filled, role) == by_api(filled, person(areas=(BOR,)))
    assert list_readers(filled.database.read) == [Reader(role=role, level=Level(0), areas=(BOR,))]
    remove_reader(begin, role, now=NOON)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        filled.ask(role, "SELECT 1 FROM gis.layers")
    with pytest.raises(NotFoundError, match="gis readers list"):
        remove_reader(begin, role, now=NOON)
    with filled.database.read() as connection:
        lines = connection.execute(select(audit.c.what, audit.c.detail)).all()
    assert [tuple(line) for line in lines] == [
        ("gis_reader_added", "level=2 areas=everywhere"),
        ("gis_reader_added", f"level=0 areas={BOR}"),
        ("gis_reader_removed", ""),
    ]


def test_a_role_that_was_dropped_can_be_taken_off_the_list(mission: Mission) -> None:
    role = mission.listed(1)
    administer(mission.address, f"DROP OWNED BY {role}; DROP ROLE {role}")
    remove_reader(mission.database.begin, role, now=NOON)
    assert list_readers(mission.database.read) == []


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        (None, NotFoundError, "CREATE ROLE nobody LOGIN"),
        ("SUPERUSER", ConfigurationError, "a role of its own"),
        ("BYPASSRLS", ConfigurationError, "a role of its own"),
        ("IN ROLE tocsin", ConfigurationError, "a role of its own"),
    ],
)
def test_a_role_that_the_views_do_not_hold_is_refused(
    mission: Mission, options: str | None, error: type[Exception], says: str
) -> None:
    role = "nobody" if options is None else new_role(options=options)
    with pytest.raises(error, match=says):
        add_reader(mission.database.begin, Reader(role=role, level=Level(0)), now=NOON)


@pytest.mark.parametrize("area", ["SS01,SS02", " "])
def test_an_area_is_one_code(mission: Mission, area: str) -> None:
    with pytest.raises(ConfigurationError, match="one P-code"):
        add_reader(
            mission.database.begin,
            Reader(role=new_role(), level=Level(0), areas=(area,)),
            now=NOON,
        )
