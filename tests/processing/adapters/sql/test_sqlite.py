from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from processing.adapters.sql.sqlite import (
    Checkpointer,
    CheckpointLimits,
    reads,
    sqlite_engine,
    writes,
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = sqlite_engine(tmp_path / "store.db")
    with writes(made)() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
    yield made
    made.dispose()


def count(engine: Engine) -> int:
    with reads(engine)() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("wal_autocheckpoint", 0)],
)
def test_a_connection_is_set_up_for_one_writer_and_many_readers(
    engine: Engine, pragma: str, value: object
) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def fail_after_writing(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    raise KeyError


def test_an_error_takes_the_whole_transaction_back(engine: Engine) -> None:
    with pytest.raises(KeyError), writes(engine)() as connection:
        fail_after_writing(connection)
    assert count(engine) == 0


def test_a_writer_that_read_first_is_not_refused_when_another_wrote_in_between(
    engine: Engine,
) -> None:
    other_began = threading.Event()
    done = threading.Event()

    def write_too() -> None:
        other_began.set()
        with writes(engine)() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        done.set()

    with writes(engine)() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one()
        thread = threading.Thread(target=write_too)
        thread.start()
        assert other_began.wait(5)
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert not done.is_set()
    thread.join(10)
    assert (before, count(engine)) == (0, 2)


def test_a_reader_sees_one_snapshot_while_others_write(engine: Engine) -> None:
    with reads(engine)() as reading:
        query = "SELECT count(*) FROM t"
        before = reading.exec_driver_sql(query).scalar_one()
        with writes(engine)() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert reading.exec_driver_sql(query).scalar_one() == before
    assert count(engine) == 1


def test_a_turn_is_held_for_the_whole_transaction(engine: Engine) -> None:
    held: list[str] = []

    @contextmanager
    def turn() -> Iterator[None]:
        held.append("taken")
        yield
        held.append("given back")

    with writes(engine, turn)() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert held == ["taken"]
    assert held == ["taken", "given back"]


class TestCheckpointer:
    @pytest.mark.parametrize(("cap", "waits"), [(1, 10), (1 << 30, 0)])
    def test_has_a_log_past_its_cap_written_over_from_its_start(
        self, engine: Engine, tmp_path: Path, cap: int, waits: int
    ) -> None:
        path, wal = tmp_path / "store.db", tmp_path / "store.db-wal"
        turns = 0

        def write() -> None:
            with writes(engine)() as writer:
                writer.exec_driver_sql("INSERT INTO t VALUES (1)")

        @contextmanager
        def turn() -> Generator[None]:
            nonlocal turns
            turns += 1
            # Somebody was faster: without a turn there would always be something left to copy.
            write()
            yield

        checkpointer = Checkpointer(path, CheckpointLimits(max_wal_bytes=cap), turn)
        sizes = []
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for _ in range(10):
                write()
                sizes.append(wal.stat().st_size)
                checkpointer.step(connection)
        assert turns == waits
        assert sizes[-1] <= 2 * sizes[0]

    def test_leaves_a_log_below_the_cap_in_place(self, engine: Engine, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        with writes(engine)() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        size = (tmp_path / "store.db-wal").stat().st_size
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            Checkpointer(path).step(connection)
        assert (tmp_path / "store.db-wal").stat().st_size == size

    def test_gives_the_space_back_when_it_is_stopped(self, engine: Engine, tmp_path: Path) -> None:
        with writes(engine)() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        stop = threading.Event()
        stop.set()
        Checkpointer(tmp_path / "store.db").run(stop)
        assert (tmp_path / "store.db-wal").stat().st_size == 0
