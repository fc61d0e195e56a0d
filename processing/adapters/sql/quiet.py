"""Whether anybody has written since one transaction ended, asked without reading a table."""

from __future__ import annotations

from dataclasses import dataclass

from processing.adapters.sql.statements import Sql


@dataclass(slots=True)
class Quiet:
    """What the last transaction left behind, and what it knew of the world. For one thread.

    Where the database can't tell (`Sql.stamp`), somebody may always have written.
    """

    stamp: tuple[object, ...] | None = None
    world: str | None = None

    def look(self, sql: Sql) -> bool:
        """Say whether nothing was written since `leave`; else forget what was known."""
        is_quiet = self.stamp is not None and self.stamp == sql.stamp()
        if not is_quiet:
            self.forget()
        return is_quiet

    def leave(self, sql: Sql) -> None:
        """Remember how a transaction leaves the database, after its last write."""
        self.stamp = sql.stamp()

    def forget(self) -> None:
        """Know nothing."""
        self.stamp, self.world = None, None
