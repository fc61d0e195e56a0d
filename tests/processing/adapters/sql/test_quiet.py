"""Whoever writes between two transactions is noticed, from whichever connection."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from deploy.database import open_database
from processing.adapters.sql.drivers import sql_of
from processing.adapters.sql.quiet import Quiet
from processing.adapters.sql.statements import statement

_WRITE = statement("INSERT INTO t VALUES (1)")


def _database(folder: Path) -> Path:
    path = folder / "tocsin.db"
    with open_database(path).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    return path


def _left(connection: Connection, quiet: Quiet) -> None:
    sql_of(connection).one(_WRITE)
    quiet.leave(sql_of(connection))
    quiet.world = "as it was"


def test_nothing_is_forgotten_while_nobody_else_writes(tmp_path: Path) -> None:
    database, quiet = open_database(_database(tmp_path)), Quiet()
    with database.begin() as connection:
        assert not quiet.look(sql_of(connection))
        _left(connection, quiet)
    with database.begin() as connection:
        assert quiet.look(sql_of(connection))
        assert quiet.world == "as it was"


def test_a_write_of_another_connection_is_noticed(tmp_path: Path) -> None:
    path, quiet = _database(tmp_path), Quiet()
    database, other = open_database(path), open_database(path)
    with database.begin() as connection:
        _left(connection, quiet)
    with other.begin() as connection:
        sql_of(connection).one(_WRITE)
    with database.begin() as connection:
        assert not quiet.look(sql_of(connection))
        assert quiet.world is None


def test_a_write_of_somebody_else_on_the_same_connection_is_noticed(tmp_path: Path) -> None:
    database, quiet = open_database(_database(tmp_path)), Quiet()
    with database.begin() as connection:
        _left(connection, quiet)
        driver = connection.connection.driver_connection
    with database.begin() as connection:
        assert connection.connection.driver_connection is driver
        sql_of(connection).one(_WRITE)
    with database.begin() as connection:
        assert not quiet.look(sql_of(connection))


def test_another_connection_knows_nothing_of_what_was_left(tmp_path: Path) -> None:
    path, quiet = _database(tmp_path), Quiet()
    with open_database(path).begin() as connection:
        _left(connection, quiet)
    with open_database(path).begin() as connection:
        assert not quiet.look(sql_of(connection))
