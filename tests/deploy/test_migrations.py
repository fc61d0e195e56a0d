from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from deploy import migrate
from deploy.database import open_database
from deploy.revision import HEAD, current_revision
from schemas.tables import metadata


def test_the_migrated_schema_is_the_one_of_the_tables(tmp_path: Path) -> None:
    database = open_database(tmp_path / "x.db")
    assert migrate.upgrade(database.begin) == HEAD == migrate.head()
    with database.read() as connection:
        assert current_revision(connection) == HEAD
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.engine.dispose()
    assert differences == []


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = open_database(tmp_path / "x.db")
    first = migrate.upgrade(database.begin)
    assert migrate.upgrade(database.begin) == first
    database.engine.dispose()
