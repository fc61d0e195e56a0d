"""One write transaction as the stores that the pipeline works with."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from processing.adapters.sql.alerts_store import SqlAlerts
from processing.adapters.sql.cube_store import SqlCube
from processing.adapters.sql.errors import translated
from processing.adapters.sql.flags_store import SqlFlags
from processing.adapters.sql.incident_cache import IncidentCache
from processing.adapters.sql.incidents_store import SqlIncidents
from processing.adapters.sql.log_store import SqlLog
from processing.adapters.sql.quiet import Quiet
from processing.adapters.sql.reports_store import SqlReports
from processing.adapters.sql.statements import Sql
from processing.adapters.sql.world_store import SqlWorld
from processing.batch.stores import Stores

Transaction = Callable[[], AbstractContextManager[Connection]]

_LAST_CHANGE = "SELECT coalesce(max(seq), 0) FROM changes"
_INCIDENTS_SINCE = "SELECT 1 FROM changes WHERE seq > ? AND entity = 'incident' LIMIT 1"


def sql_stores(begin: Transaction) -> Callable[[], AbstractContextManager[Stores]]:
    """Return what opens a transaction and gives its stores. For one thread.

    Leaving the context without an error commits; then everything is durable. An error that may
    pass comes out as StorageError, whatever the driver calls it.
    """
    cache, quiet = IncidentCache(), Quiet()

    @contextmanager
    def transaction() -> Generator[Stores]:
        try:
            with translated(), begin() as connection:
                sql = Sql(connection)
                if not quiet.look(sql):
                    _agree(cache, sql, is_own=False)
                yield _stores(sql, cache, quiet)
                _agree(cache, sql, is_own=True)
                quiet.leave(sql)
        except BaseException:
            # What was written is taken back, or nobody knows whether it is.
            cache.clear()
            quiet.forget()
            raise

    return transaction


def stores_of(connection: Connection) -> Stores:
    """Return the stores of an open transaction."""
    return _stores(Sql(connection), None, Quiet())


def _stores(sql: Sql, cache: IncidentCache | None, quiet: Quiet) -> Stores:
    return Stores(
        reports=SqlReports(sql),
        incidents=SqlIncidents(sql, cache),
        cube=SqlCube(sql),
        flags=SqlFlags(sql),
        alerts=SqlAlerts(sql),
        world=SqlWorld(sql, quiet),
        log=SqlLog(sql),
    )


def _agree(cache: IncidentCache, sql: Sql, *, is_own: bool) -> None:
    """Have the cache hold what this transaction sees: every write of incidents is announced."""
    last = int(sql.rows(_LAST_CHANGE)[0][0])
    seen = cache.seen_change
    others = not is_own and (seen > last or bool(sql.rows(_INCIDENTS_SINCE, seen)))
    cache.agree(last, is_foreign=others)
