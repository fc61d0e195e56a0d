"""Whether anybody has written since one transaction ended, asked without reading a table."""

from __future__ import annotations

from dataclasses import dataclass

from processing.adapters.sql.statements import Sql

_DATA_VERSION = "PRAGMA data_version"


@dataclass(slots=True)
class Quiet:
    """What the last transaction left behind, and what it knew of the world. For one thread.

    `PRAGMA data_version` moves with the commits of other connections only, and is comparable on
    one connection only; what this connection itself wrote meanwhile, for somebody else in this
    process, is in its count of changes.
    """

    stamp: tuple[object, int, int] | None = None
    world: str | None = None

    def look(self, sql: Sql) -> bool:
        """Say whether nothing was written since `leave`; else forget what was known."""
        is_quiet = self.stamp is not None and self.stamp == _stamp(sql)
        if not is_quiet:
            self.forget()
        return is_quiet

    def leave(self, sql: Sql) -> None:
        """Remember how a transaction leaves the database, after its last write."""
        self.stamp = _stamp(sql)

    def forget(self) -> None:
        """Know nothing."""
        self.stamp, self.world = None, None


def _stamp(sql: Sql) -> tuple[object, int, int]:
    return sql.driver, int(sql.rows(_DATA_VERSION)[0][0]), sql.driver.total_changes
