from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.adapters.sql.drivers import sql_of
from processing.adapters.sql.log_store import SqlLog
from processing.adapters.sql.positions import SqlPositions
from processing.engine.batch import Claim, Stretch
from schemas.errors import FencedError
from tests.processing.building import Database, database


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    made = database(tmp_path / "tocsin.db")
    yield made
    made.engine.dispose()


def node_a(epoch: int) -> Stretch:
    return Stretch(partition="node-a", epoch=epoch, start=0, end=5)


def test_a_new_partition_begins_at_the_beginning(empty: Database) -> None:
    assert SqlPositions(empty.begin).claim(["node-a"]) == {"node-a": Claim(position=0, epoch=1)}


def test_each_claim_fences_the_one_before(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    first, second = (store.claim(["node-a"])["node-a"].epoch for _ in range(2))
    with pytest.raises(FencedError), empty.begin() as connection:
        SqlLog(sql_of(connection)).move([node_a(first)])
    with empty.begin() as connection:
        SqlLog(sql_of(connection)).move([node_a(second)])
    assert store.load(["node-a"]) == {"node-a": Claim(position=5, epoch=2)}


def test_a_position_moves_only_from_where_it_stands(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    epoch = store.claim(["node-a"])["node-a"].epoch
    with empty.begin() as connection:
        SqlLog(sql_of(connection)).move([node_a(epoch)])
    with pytest.raises(FencedError, match="is not 0"), empty.begin() as connection:
        SqlLog(sql_of(connection)).move([node_a(epoch)])


def test_looking_takes_nothing_over(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    assert store.load(["node-a"]) == {"node-a": Claim(position=0, epoch=0)}
    store.claim(["node-a"])
    for _ in range(2):
        assert store.load(["node-a"]) == {"node-a": Claim(position=0, epoch=1)}


def test_partitions_are_apart(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    store.claim(["node-a"])
    assert store.claim(["node-b", "node-a"]) == {
        "node-a": Claim(position=0, epoch=2),
        "node-b": Claim(position=0, epoch=1),
    }


def test_of_several_partitions_all_move_or_none(empty: Database) -> None:
    store = SqlPositions(empty.begin)
    store.claim(["node-a", "node-b"])
    other = Stretch(partition="node-b", epoch=1, start=0, end=7)
    with pytest.raises(FencedError, match="node-a"), empty.begin() as connection:
        SqlLog(sql_of(connection)).move([other, node_a(2)])
    assert store.load(["node-b"]) == {"node-b": Claim(position=0, epoch=1)}
    with empty.begin() as connection:
        SqlLog(sql_of(connection)).move([other, node_a(1)])
    assert [one.position for one in store.load(["node-a", "node-b"]).values()] == [5, 7]
