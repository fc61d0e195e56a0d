"""The changes feed and the position in SQLite (`processing.batch.stores.LogStore`)."""

from __future__ import annotations

from collections.abc import Sequence

from processing.adapters.sql import positions
from processing.adapters.sql.statements import Sql
from processing.batch.rows import ChangeRow

_ANNOUNCE = "INSERT INTO changes (entity, entity_id, revision, at) VALUES (?, ?, ?, ?)"


class SqlLog:
    """The position and the feed of one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def announce(self, rows: Sequence[ChangeRow]) -> None:
        """Append to the changes feed."""
        self._sql.many(_ANNOUNCE, rows)

    def move(self, partition: str, *, start: int, end: int, epoch: int) -> None:
        """Move the position, or raise FencedError."""
        positions.move(self._sql.connection, partition, start=start, end=end, epoch=epoch)
