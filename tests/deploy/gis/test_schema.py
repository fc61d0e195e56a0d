"""The schema `gis` comes, stays true and goes: with data, without PostGIS, and back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, text
from typer.testing import CliRunner

from deploy import migrate
from deploy.cli import build
from deploy.database import Database, open_database
from deploy.gis import schema
from deploy.gis.readers import Reader, add_reader, list_readers
from deploy.postgresql.server import programs
from deploy.revision import HEAD, current_revision
from processing.adapters.sql.state_hash import state_hash
from schemas.access import Level
from schemas.errors import ConfigurationError
from tests.api.rows import NOON, an_incident, put_counties, put_incident
from tests.deploy.gis.conftest import Mission, opened
from tests.deploy.test_cli import MISSION
from tests.support.postgresql import (
    address_for,
    administer,
    bare_database,
    fresh_database,
    new_role,
)


def missing(database: Database) -> str | None:
    with database.read() as connection:
        return schema.what_is_missing(connection)


def put_some(connection: Connection) -> None:
    put_counties(connection)
    put_incident(connection, an_incident("root-1"))


def first_schema(mission: Mission) -> None:
    with mission.database.begin() as connection:
        command.upgrade(migrate.config_on(connection), "0001")
        put_some(connection)


def test_a_database_with_data_is_brought_up_and_back() -> None:
    with opened(fresh_database()) as mission:
        first_schema(mission)
        before = state_hash(mission.database.read)
        assert migrate.upgrade(mission.database.begin) == HEAD
        role = mission.listed(0)
        assert len(mission.ask(role, "SELECT geometry FROM gis.incidents")) == 1
        assert len(mission.ask(role, "SELECT geometry FROM gis.layers WHERE name = 'Juba'")) == 1
        assert state_hash(mission.database.read) == before
        with mission.database.begin() as connection:
            command.downgrade(migrate.config_on(connection), "0001")
            assert current_revision(connection) == "0001"
            assert "gis" not in inspect(connection).get_schema_names()
            columns = {each["name"] for each in inspect(connection).get_columns("layer_features")}
            assert columns == {"layer", "feature_id", "body"}
            closed = text("SELECT count(*) FROM pg_class WHERE relrowsecurity")
            assert connection.execute(closed).scalar() == 0
        assert state_hash(mission.database.read) == before
        assert migrate.upgrade(mission.database.begin) == HEAD


def test_migrating_again_keeps_the_readers(mission: Mission) -> None:
    role = mission.listed(0)
    with mission.database.begin() as connection:
        put_some(connection)
        # As before a later migration, which may change what the views show.
        schema.make_way(connection)
    migrate.upgrade(mission.database.begin)
    assert len(mission.ask(role, "SELECT 1 FROM gis.incidents")) == 1


def test_without_postgis_it_goes_through_and_the_views_come_later() -> None:
    with opened(bare_database()) as mission:
        first_schema(mission)
        assert migrate.upgrade(mission.database.begin) == HEAD
        said = missing(mission.database)
        assert said is not None
        assert "CREATE EXTENSION postgis" in said
        assert "tocsin migrate" in said
        with pytest.raises(ConfigurationError, match="CREATE EXTENSION"):
            list_readers(mission.database.read)
        administer(mission.address, "CREATE EXTENSION postgis")
        migrate.upgrade(mission.database.begin)
        assert missing(mission.database) is None
        assert len(mission.ask(mission.listed(0), "SELECT geometry FROM gis.incidents")) == 1


def test_postgis_may_lie_in_a_schema_of_its_own() -> None:
    with opened(bare_database()) as mission:
        administer(mission.address, "CREATE SCHEMA geo; GRANT USAGE ON SCHEMA geo TO PUBLIC")
        administer(mission.address, "CREATE EXTENSION postgis SCHEMA geo")
        migrate.upgrade(mission.database.begin)
        with mission.database.begin() as connection:
            put_some(connection)
        assert len(mission.ask(mission.listed(0), "SELECT geometry FROM gis.layers")) == 2


def test_a_schema_of_somebody_else_is_left_alone() -> None:
    with opened(fresh_database()) as mission:
        administer(mission.address, "CREATE SCHEMA gis; CREATE TABLE gis.mine (n int)")
        migrate.upgrade(mission.database.begin)
        assert "rename a schema gis of somebody else" in str(missing(mission.database))
        migrate.remove(mission.database.begin)
        administer(mission.address, "SELECT * FROM gis.mine")


def test_who_may_make_no_schema_is_told() -> None:
    with opened(fresh_database()) as mission:
        name = mission.address.rpartition("/")[2]
        administer(mission.address, f"ALTER DATABASE {name} OWNER TO postgres")
        administer(mission.address, "GRANT CREATE ON SCHEMA public TO tocsin")
        migrate.upgrade(mission.database.begin)
        assert f"GRANT CREATE ON DATABASE {name} TO tocsin" in str(missing(mission.database))
        administer(mission.address, f"GRANT CREATE ON DATABASE {name} TO tocsin")
        migrate.upgrade(mission.database.begin)
        assert missing(mission.database) is None


def test_a_dump_restores_with_what_it_computes(mission: Mission, tmp_path: Path) -> None:
    """No column or view hangs on a search path, which a restore has not."""
    with mission.database.begin() as connection:
        put_some(connection)
    role = mission.listed(0)
    copy, dump = bare_database(), tmp_path / "dump.sql"
    as_postgres = [address_for(each, "postgres") for each in (mission.address, copy)]
    subprocess.run([programs() / "pg_dump", "-f", dump, as_postgres[0]], check=True)
    restore = ["-qX", "-v", "ON_ERROR_STOP=1", "-f", str(dump), as_postgres[1]]
    subprocess.run([programs() / "psql", *restore], check=True, stdout=subprocess.DEVNULL)
    with opened(copy) as restored:
        assert len(restored.ask(role, "SELECT geometry FROM gis.layers")) == 2
        assert len(restored.ask(role, "SELECT geometry FROM gis.incidents")) == 1


def test_a_file_has_none_of_it(tmp_path: Path) -> None:
    database = open_database(tmp_path / "x.db")
    migrate.upgrade(database.begin)
    assert missing(database) is None
    with database.read() as connection:
        assert "gis_readers" not in inspect(connection).get_table_names()
    with pytest.raises(ConfigurationError, match="TOCSIN_DATABASE_URL"):
        add_reader(database.begin, Reader(role="x", level=Level(0)), now=NOON)
    database.engine.dispose()


def test_the_commands(tmp_path: Path) -> None:
    described = tmp_path / "mission.yaml"
    described.write_text(MISSION)
    address, role = bare_database(), new_role()
    environment = {"TOCSIN_DATA_DIR": str(tmp_path / "data"), "TOCSIN_DATABASE_URL": address}

    def run(*arguments: str) -> str:
        result = CliRunner(env=environment).invoke(build(), arguments)
        assert result.exit_code == 0, result.output
        return result.output

    assert "CREATE EXTENSION postgis" in run("migrate", "--mission", str(described))
    administer(address, "CREATE EXTENSION postgis")
    assert "no views" not in run("migrate")
    assert "none" in run("gis", "readers", "list")
    added = run("gis", "readers", "add", role, "--level", "1", "--area", "SS03", "--area", "SS01")
    assert f"{role} reads up to CONFIDENTIAL, SS03, SS01" in added
    assert "SS03,SS01" in run("gis", "readers", "list")
    assert "nothing any more" in run("gis", "readers", "remove", role)
