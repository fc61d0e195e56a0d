import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import World, make_database, open_world
from tests.support.postgresql import fresh_database


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def empty_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | str:
    """Made once and copied: making the tables costs more than most tests."""
    if request.param == "postgresql":
        address = fresh_database()
        make_database(address)
        return address
    path = tmp_path_factory.mktemp("api") / "empty.db"
    make_database(path)
    return path


@pytest.fixture
def world(tmp_path: Path, empty_database: Path | str) -> Iterator[World]:
    if isinstance(empty_database, str):
        found = open_world(fresh_database(empty_database))
    else:
        path = tmp_path / "tocsin.db"
        shutil.copy(empty_database, path)
        found = open_world(path)
    yield found
    found.engine.dispose()
