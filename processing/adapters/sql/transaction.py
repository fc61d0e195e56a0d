"""One write transaction as the stores that the pipeline works with."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from processing.adapters.sql.alerts_store import SqlAlerts
from processing.adapters.sql.cube_cache import CubeCache
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


@dataclass(frozen=True, slots=True)
class Kept:
    """What the one writer keeps in memory of what rules look back at."""

    incidents: IncidentCache = field(default_factory=IncidentCache)
    cube: CubeCache = field(default_factory=CubeCache)

    def agree(self, last_change: int, *, is_foreign: bool) -> None:
        """Forget everything unless all incidents written since the last time were our own."""
        self.incidents.agree(last_change, is_foreign=is_foreign)
        if is_foreign:
            self.cube.clear()
        self.cube.shrink()

    def clear(self) -> None:
        """Forget everything."""
        self.incidents.clear()
        self.cube.clear()


def sql_stores(begin: Transaction) -> Callable[[], AbstractContextManager[Stores]]:
    """Return what opens a transaction and gives its stores. For one thread.

    Leaving the context without an error commits; then everything is durable. An error that may
    pass comes out as StorageError, whatever the driver calls it.
    """
    kept, quiet = Kept(), Quiet()

    @contextmanager
    def transaction() -> Generator[Stores]:
        try:
            with translated(), begin() as connection:
                sql = Sql(connection)
                if not quiet.look(sql):
                    _agree(kept, sql, is_own=False)
                yield _stores(sql, kept, quiet)
                _agree(kept, sql, is_own=True)
                quiet.leave(sql)
        except BaseException:
            # What was written is taken back, or nobody knows whether it is.
            kept.clear()
            quiet.forget()
            raise

    return transaction


def stores_of(connection: Connection) -> Stores:
    """Return the stores of an open transaction."""
    return _stores(Sql(connection), None, Quiet())


def _stores(sql: Sql, kept: Kept | None, quiet: Quiet) -> Stores:
    return Stores(
        reports=SqlReports(sql),
        incidents=SqlIncidents(sql, kept.incidents if kept else None),
        cube=SqlCube(sql, kept.cube if kept else None),
        flags=SqlFlags(sql),
        alerts=SqlAlerts(sql),
        world=SqlWorld(sql, quiet),
        log=SqlLog(sql),
    )


def _agree(kept: Kept, sql: Sql, *, is_own: bool) -> None:
    """Have what is kept be what this transaction sees: every write of incidents is announced.

    The cube changes with incidents only.
    """
    last = int(sql.rows(_LAST_CHANGE)[0][0])
    seen = kept.incidents.seen_change
    others = not is_own and (seen > last or bool(sql.rows(_INCIDENTS_SINCE, seen)))
    kept.agree(last, is_foreign=others)
