from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from deploy import migrate
from deploy.database import Database, open_postgresql
from deploy.gis.readers import Reader, add_reader
from schemas.access import Level
from tests.api.rows import NOON
from tests.support.postgresql import address_for, fresh_database, new_role


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """A migrated database, and reading it as another role does."""

    address: str
    database: Database

    def listed(self, level: int = 2, *areas: str) -> str:
        role = new_role()
        reader = Reader(role=role, level=Level(level), areas=areas)
        add_reader(self.database.begin, reader, now=NOON)
        return role

    def ask(self, role: str, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(address_for(self.address, role), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def column(self, role: str, query: str) -> list[Any]:
        return [row[0] for row in self.ask(role, query)]


@contextmanager
def opened(address: str) -> Iterator[Mission]:
    database = open_postgresql(address)
    try:
        yield Mission(address=address, database=database)
    finally:
        database.engine.dispose()


@pytest.fixture(scope="session")
def migrated() -> str:
    address = fresh_database()
    with opened(address) as made:
        migrate.upgrade(made.database.begin)
    return address


@pytest.fixture
def mission(migrated: str) -> Iterator[Mission]:
    with opened(fresh_database(migrated)) as made:
        yield made
