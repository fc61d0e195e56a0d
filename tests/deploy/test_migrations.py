from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from deploy import migrate
from deploy.database import Database, open_database, open_postgresql
from deploy.revision import HEAD, current_revision
from schemas.tables import metadata
from tests.support.postgresql import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = open_database(tmp_path / "x.db")
    else:
        made = open_postgresql(fresh_database())
    yield made
    made.engine.dispose()


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_the_migrated_schema_is_the_one_of_the_tables(database: Database) -> None:
    assert migrate.upgrade(database.begin) == HEAD == migrate.head()
    with database.read() as connection:
        assert current_revision(connection) == HEAD
        ours = {"include_name": lambda name, kind, _parents: _is_ours(name, kind)}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    first = migrate.upgrade(database.begin)
    assert migrate.upgrade(database.begin) == first


def test_what_was_migrated_can_be_removed_again(database: Database) -> None:
    migrate.upgrade(database.begin)
    migrate.remove(database.begin)
    with database.read() as connection:
        assert not _OURS & set(inspect(connection).get_table_names())


def _is_ours(name: str | None, kind: str) -> bool:
    """Leave out what only PostgreSQL has, for other people's tools."""
    if kind == "table":
        return name in _OURS
    return name not in {"shape", "facts"} and not str(name).endswith("_gis")


_OURS = {*metadata.tables, "alembic_version"}
