"""Superseded revisions, the changes feed and the position (`processing.batch.stores.LogStore`)."""

from __future__ import annotations

from collections.abc import Sequence

from processing.adapters.sql.statements import Sql, insert, statement
from processing.batch.rows import ChangeRow, HistoryRow
from processing.engine.batch import Stretch
from schemas.errors import FencedError
from schemas.tables import history

_KEEP = insert(history)
_MOVE = statement(
    "UPDATE positions SET position = ? WHERE partition = ? AND position = ? AND epoch = ?"
)
_ANNOUNCE = statement("INSERT INTO changes (entity, entity_id, revision, at) VALUES (?, ?, ?, ?)")


class SqlLog:
    """The position and the feed of one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def keep(self, rows: Sequence[HistoryRow]) -> None:
        """Keep superseded revisions."""
        self._sql.many(_KEEP, rows)

    def announce(self, rows: Sequence[ChangeRow]) -> None:
        """Append to the changes feed."""
        self._sql.many(_ANNOUNCE, rows)

    def move(self, stretches: Sequence[Stretch]) -> None:
        """Move partitions, each from the start to the end of its stretch.

        Raises FencedError when one is not there or belongs to another epoch: then nothing of the
        batch may be committed.
        """
        for one in stretches:
            if self._sql.one(_MOVE, one.end, one.partition, one.start, one.epoch) != 1:
                raise FencedError(
                    f"position of {one.partition} is not {one.start} under epoch {one.epoch}"
                )
