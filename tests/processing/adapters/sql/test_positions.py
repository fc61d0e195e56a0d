from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.adapters.sql.drivers import sql_of
from processing.adapters.sql.log_store import SqlLog
from processing.adapters.sql.positions import SqlPositions
from processing.engine.batch import Claim
from schemas.errors import FencedError
from tests.processing.building import Database, database


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    made = database(tmp_path / "tocsin.db")
    yield made
    made.engine.dispose()


def test_a_new_partition_begins_at_the_beginning(empty: Database) -> None:
    assert SqlPositions(empty.begin).claim("node-a") == Claim(position=0, epoch=1)


def test_each_claim_fences_the_one_before(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    first, second = store.claim("node-a"), store.claim("node-a")
    with pytest.raises(FencedError), empty.begin() as connection:
        SqlLog(sql_of(connection)).move("node-a", start=0, end=5, epoch=first.epoch)
    with empty.begin() as connection:
        SqlLog(sql_of(connection)).move("node-a", start=0, end=5, epoch=second.epoch)
    assert store.load("node-a") == Claim(position=5, epoch=2)


def test_a_position_moves_only_from_where_it_stands(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    epoch = store.claim("node-a").epoch
    with empty.begin() as connection:
        SqlLog(sql_of(connection)).move("node-a", start=0, end=5, epoch=epoch)
    with pytest.raises(FencedError, match="is not 0"), empty.begin() as connection:
        SqlLog(sql_of(connection)).move("node-a", start=0, end=5, epoch=epoch)


def test_looking_takes_nothing_over(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    assert store.load("node-a") == Claim(position=0, epoch=0)
    store.claim("node-a")
    assert store.load("node-a") == store.load("node-a") == Claim(position=0, epoch=1)


def test_partitions_are_apart(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    store.claim("node-a")
    assert store.claim("node-b") == Claim(position=0, epoch=1)
