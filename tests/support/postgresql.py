"""A real PostgreSQL with PostGIS for tests: one server a test process, one database a test."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.postgresql.server import Server, found_server

# Not below pytest's folder: as root the server is another user, who may not look into it.
_PLACE = Path("/tmp")  # noqa: S108 - mkdtemp makes the folders
_FOLDERS = "tocsin-pg-"
_numbers = count(1)
# A database takes 20 MB, and a thousand tests make one each: what nobody uses any more goes.
_KEPT = 12
_DROPPED_AT = 24
_made_databases: list[str] = []
_templates: set[str] = set()


@cache
def server() -> Server:
    """Start the server of this process, which ends with it."""
    made = _made(is_durable=False)
    atexit.register(made.clean)
    made.start()
    return made


@contextmanager
def running_postgresql() -> Iterator[Server]:
    """Start a server that a test may stop and kill: what it has stored survives that."""
    made = _made(is_durable=True)
    try:
        made.start()
        yield made
    finally:
        made.clean()


def _made(*, is_durable: bool) -> Server:
    _clear_up()
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDERS}{os.getpid()}-", dir=_PLACE))
    return Server(folder=folder, port=_free(), is_durable=is_durable)


def _clear_up() -> None:
    """Stop and remove the servers of test processes that were killed before they could."""
    for folder in _PLACE.glob(f"{_FOLDERS}*"):
        if _is_alive(folder.name.removeprefix(_FOLDERS).partition("-")[0]):
            continue
        left = found_server(folder)
        if left is not None:
            left.clean()
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def fresh_database(template: str | None = None) -> str:
    """Make an empty database, or a copy of one at an address that nobody is using now."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    if template is None:
        server().create(name)
    else:
        source = template.rpartition("/")[2]
        _templates.add(source)
        server().create(name, template=source)
    _made_databases.append(name)
    if len(_made_databases) > _DROPPED_AT:
        _drop_unused()
    return server().url(name)


def bare_database() -> str:
    """Make an empty database without PostGIS, which its owner may not add."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    server().create(name, template="template0")
    return server().url(name)


def new_role(*, options: str = "") -> str:
    """Make a role that may log in, as the database's administrator would."""
    name = f"r{os.getpid()}_{next(_numbers)}"
    server()._ask(f"CREATE ROLE {name} LOGIN {options}")
    return name


def administer(address: str, statement: str) -> None:
    """Run a statement in a database as its administrator."""
    server()._ask(statement, database=address.rpartition("/")[2])


def address_for(address: str, role: str) -> str:
    """Return the address of the same database for another role."""
    return address.replace("//tocsin@", f"//{role}@")


def _drop_unused() -> None:
    """Drop the older databases that no test is connected to, nor makes copies of."""
    old = [name for name in _made_databases[:-_KEPT] if name not in _templates]
    address = server().url("postgres").replace("//tocsin@", "//postgres@")
    with psycopg.connect(address, autocommit=True) as connection:
        # To be told that one is in use takes five seconds.
        rows = connection.execute("SELECT datname FROM pg_stat_activity").fetchall()
        for name in set(old) - {name for (name,) in rows}:
            with suppress(psycopg.errors.ObjectInUse):
                connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
                _made_databases.remove(name)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
