from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.processing.building import Database, database, mission
from tests.support.postgresql import fresh_database

MakeMission = Callable[[], Database]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | str:
    """A database with the small mission, to be copied: making one costs 50 commits."""
    if request.param == "postgresql":
        address = fresh_database()
        mission(address).engine.dispose()
        return address
    path = tmp_path_factory.mktemp("template") / "tocsin.db"
    mission(path).engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def make_mission(template: Path | str, tmp_path: Path) -> Iterator[MakeMission]:
    """Gives a fresh small mission at each call."""
    opened: list[Database] = []

    def make() -> Database:
        opened.append(database(_copied(template, tmp_path / f"tocsin-{len(opened)}.db")))
        return opened[-1]

    yield make
    for one in opened:
        one.engine.dispose()


def _copied(template: Path | str, path: Path) -> Path | str:
    if isinstance(template, str):
        return fresh_database(template)
    shutil.copy(template, path)
    return path


@pytest.fixture
def made(make_mission: MakeMission) -> Database:
    """A fresh small mission."""
    return make_mission()
