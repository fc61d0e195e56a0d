import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import World, make_database, open_world


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and copied: making the tables costs more than most tests."""
    path = tmp_path_factory.mktemp("api") / "empty.db"
    make_database(path)
    return path


@pytest.fixture
def world(tmp_path: Path, empty_database: Path) -> Iterator[World]:
    path = tmp_path / "tocsin.db"
    shutil.copy(empty_database, path)
    found = open_world(path)
    yield found
    found.engine.dispose()
