"""A real PostgreSQL with PostGIS for tests: one server a test process, one database a test."""

from __future__ import annotations

import atexit
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from deploy.postgresql.server import Server

_numbers = count(1)


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
    # Not below pytest's folder: as root the server is another user, who may not look into it.
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-", dir="/tmp"))
    return Server(folder=folder, port=_free(), is_durable=is_durable)


def fresh_database(template: str | None = None) -> str:
    """Make an empty database, or a copy of one at an address that nobody is using now."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    if template is None:
        server().create(name)
    else:
        server().create(name, template=template.rpartition("/")[2])
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


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
