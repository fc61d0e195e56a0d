"""One write transaction as the stores that the pipeline works with."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from processing.adapters.sql.alerts_store import SqlAlerts
from processing.adapters.sql.cube_store import SqlCube
from processing.adapters.sql.errors import translated
from processing.adapters.sql.flags_store import SqlFlags
from processing.adapters.sql.incidents_store import SqlIncidents
from processing.adapters.sql.log_store import SqlLog
from processing.adapters.sql.reports_store import SqlReports
from processing.adapters.sql.statements import Sql
from processing.adapters.sql.world_store import SqlWorld
from processing.batch.stores import Stores

Transaction = Callable[[], AbstractContextManager[Connection]]


def sql_stores(begin: Transaction) -> Callable[[], AbstractContextManager[Stores]]:
    """Return what opens a transaction and gives its stores.

    Leaving the context without an error commits; then everything is durable. An error that may
    pass comes out as StorageError, whatever the driver calls it.
    """

    @contextmanager
    def transaction() -> Generator[Stores]:
        with translated(), begin() as connection:
            yield stores_of(connection)

    return transaction


def stores_of(connection: Connection) -> Stores:
    """Return the stores of an open transaction."""
    sql = Sql(connection)
    return Stores(
        reports=SqlReports(sql),
        incidents=SqlIncidents(sql),
        cube=SqlCube(sql),
        flags=SqlFlags(sql),
        alerts=SqlAlerts(sql),
        world=SqlWorld(sql),
        log=SqlLog(sql),
    )
