from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.processing.building import Database, database, mission

MakeMission = Callable[[], Database]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the small mission, to be copied: making one costs 50 commits."""
    path = tmp_path_factory.mktemp("template") / "tocsin.db"
    mission(path).engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def make_mission(template: Path, tmp_path: Path) -> Iterator[MakeMission]:
    """Gives a fresh small mission at each call."""
    opened: list[Database] = []

    def make() -> Database:
        path = tmp_path / f"tocsin-{len(opened)}.db"
        shutil.copy(template, path)
        opened.append(database(path))
        return opened[-1]

    yield make
    for one in opened:
        one.engine.dispose()


@pytest.fixture
def made(make_mission: MakeMission) -> Database:
    """A fresh small mission."""
    return make_mission()
