"""One write transaction as the stores that the pipeline works with."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from processing.adapters.sql.alerts_store import SqlAlerts
from processing.adapters.sql.cube_cache import CubeCache
from processing.adapters.sql.cube_store import SqlCube
from processing.adapters.sql.drivers import sql_of
from processing.adapters.sql.errors import translated
from processing.adapters.sql.flags_store import SqlFlags
from processing.adapters.sql.incident_cache import IncidentCache
from processing.adapters.sql.incidents_store import SqlIncidents
from processing.adapters.sql.log_store import SqlLog
from processing.adapters.sql.quiet import Quiet
from processing.adapters.sql.reports_store import SqlReports
from processing.adapters.sql.scene_cache import SceneCache
from processing.adapters.sql.statements import Row, Sql, statement
from processing.adapters.sql.world_store import SqlWorld
from processing.batch.stores import Stores

Transaction = Callable[[], AbstractContextManager[Connection]]

_POSITIONS = statement("SELECT partition, position FROM positions ORDER BY partition")
# What is urgent is stored without a move of the position.
_LAST = statement("SELECT seq FROM changes WHERE entity = 'incident' ORDER BY seq DESC LIMIT 1")


@dataclass(slots=True)
class Kept:
    """What the one writer keeps in memory of what it reads for each batch.

    `standing` is where all partitions stood when it was last known to be what the database holds,
    and which change of an incident was the last.
    """

    incidents: IncidentCache = field(default_factory=IncidentCache)
    cube: CubeCache = field(default_factory=CubeCache)
    scenes: SceneCache = field(default_factory=SceneCache)
    standing: list[Row] | None = None

    def look(self, sql: Sql) -> None:
        """Forget everything if somebody else has stored something since."""
        if _standing(sql) != self.standing:
            self.clear()

    def leave(self, sql: Sql) -> None:
        """Remember how a transaction leaves the database, and forget what is too much."""
        self.standing = _standing(sql)
        self.incidents.shrink()
        self.cube.shrink()
        self.scenes.shrink()

    def clear(self) -> None:
        """Forget everything."""
        self.standing = None
        self.incidents.clear()
        self.cube.clear()
        self.scenes.clear()


def _standing(sql: Sql) -> list[Row]:
    return [*sql.rows(_POSITIONS), *sql.rows(_LAST)]


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
                sql = sql_of(connection)
                if not quiet.look(sql):
                    kept.look(sql)
                yield _stores(sql, kept, quiet)
                kept.leave(sql)
                quiet.leave(sql)
        except BaseException:
            # What was written is taken back, or nobody knows whether it is.
            kept.clear()
            quiet.forget()
            raise

    return transaction


def stores_of(connection: Connection) -> Stores:
    """Return the stores of an open transaction."""
    return _stores(sql_of(connection), None, Quiet())


def _stores(sql: Sql, kept: Kept | None, quiet: Quiet) -> Stores:
    return Stores(
        reports=SqlReports(sql, kept.scenes if kept else None),
        incidents=SqlIncidents(sql, kept.incidents if kept else None),
        cube=SqlCube(sql, kept.cube if kept else None),
        flags=SqlFlags(sql),
        alerts=SqlAlerts(sql),
        world=SqlWorld(sql, quiet),
        log=SqlLog(sql),
    )
