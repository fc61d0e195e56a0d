"""How PostgreSQL is used: turns of writers, snapshots, many rows, what it says when it won't."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from processing.adapters.sql.drivers import sql_of
from processing.adapters.sql.errors import translated
from processing.adapters.sql.postgresql import postgresql_engine, reads, writes
from processing.adapters.sql.statements import add_up, insert_missing, replace, statement
from schemas.errors import ConfigurationError, StorageError
from schemas.tables import cube, metadata, redirects
from tests.support.postgresql import fresh_database, server

_IDS = [f"00000000-0000-8000-8000-{n:012x}" for n in range(50)]


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = postgresql_engine(fresh_database())
    with writes(made)() as connection:
        metadata.create_all(connection)
    yield made
    made.dispose()


def positions(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM positions")).scalar_one())


def put(connection: Connection, name: str) -> None:
    connection.execute(text("INSERT INTO positions VALUES (:name, 0, 1)"), {"name": name})


class TestTransactions:
    def test_a_writer_waits_until_the_one_before_has_committed(self, engine: Engine) -> None:
        begin = writes(engine)
        seen: list[int] = []

        def second() -> None:
            with begin() as connection:
                seen.append(positions(connection))
                put(connection, "second")

        thread = threading.Thread(target=second)
        with begin() as connection:
            thread.start()
            put(connection, "first")
            thread.join(0.3)
            assert thread.is_alive()
            assert seen == []
        thread.join(10)
        assert seen == [1]

    def test_a_reader_has_one_snapshot_and_waits_for_nobody(self, engine: Engine) -> None:
        with reads(engine)() as reading:
            assert positions(reading) == 0
            with writes(engine)() as connection:
                put(connection, "written")
            assert positions(reading) == 0
            with pytest.raises(Exception, match="read-only"):
                put(reading, "by a reader")

    def test_a_connection_that_died_fails_its_transaction_and_is_replaced(
        self, engine: Engine
    ) -> None:
        def die() -> None:
            with translated(), writes(engine)() as connection:
                put(connection, "lost")
                server().disconnect(str(engine.url.database))
                sql_of(connection).rows(statement("SELECT 1"))

        with pytest.raises(StorageError):
            die()
        with translated(), writes(engine)() as connection:
            assert positions(connection) == 0


class TestRows:
    @pytest.mark.parametrize("many", [1, 50])
    def test_come_in_once_by_whichever_way(self, engine: Engine, many: int) -> None:
        rows = [(one, None, "incident", 1) for one in _IDS[:many]]
        again = [(one, _IDS[0], "incident", 2) for one in _IDS[:many]]
        with writes(engine)() as connection:
            sql = sql_of(connection)
            sql.many(replace(redirects), rows)
            sql.many(insert_missing(redirects), again)
            found = sql.rows(statement("SELECT old_id, new_id, at FROM redirects ORDER BY old_id"))
            assert found == [(one, None, 1) for one in _IDS[:many]]
            sql.many(replace(redirects), again)
            found = sql.rows(statement("SELECT old_id, new_id, at FROM redirects ORDER BY old_id"))
            assert found == [(one, _IDS[0], 2) for one in _IDS[:many]]

    @pytest.mark.parametrize("many", [1, 50])
    def test_of_numbers_are_added_up(self, engine: Engine, many: int) -> None:
        rows = [("SS0101", day, 5, "CLASH", "", 0, 1, 2, 3, 4) for day in range(many)]
        with writes(engine)() as connection:
            sql = sql_of(connection)
            for _ in range(3):
                sql.many(add_up(cube), rows)
            found = sql.rows(statement("SELECT incidents, weight_milli FROM cube"))
            assert found == [(3, 12)] * many


class TestOpening:
    def test_nobody_there_may_pass(self) -> None:
        with pytest.raises(StorageError, match="does not answer"):
            postgresql_engine("postgresql://tocsin@127.0.0.1:1/tocsin")

    def test_what_is_not_there_or_not_allowed_does_not_pass(self) -> None:
        with pytest.raises(ConfigurationError, match="check its user, password and name"):
            postgresql_engine(server().url("nothing"))

    def test_a_database_that_compares_otherwise_is_refused(self) -> None:
        server().create("odd", template="template0 ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C'")
        with pytest.raises(ConfigurationError, match="not in UTF-8"):
            postgresql_engine(server().url("odd"))

    def test_the_password_is_not_told(self) -> None:
        address = server().url("nothing").replace("tocsin@", "tocsin:hush-hush@")
        with pytest.raises(ConfigurationError) as caught:
            postgresql_engine(address)
        assert "hush" not in str(caught.value)
