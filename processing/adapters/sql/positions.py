"""Positions: where each partition stands, moved only by its owner and only from where it stood."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from processing.adapters.sql.errors import translated
from processing.engine.batch import Claim
from schemas.tables import positions

Transaction = Callable[[], AbstractContextManager[Connection]]


class SqlPositions:
    """The positions table, as the engine's `Positions`."""

    def __init__(self, begin: Transaction) -> None:
        self._begin = begin

    def claim(self, partition: str) -> Claim:
        """Take a partition over by raising its epoch; durable when it returns."""
        with translated(), self._begin() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            connection.execute(
                insert(positions)
                .values(partition=partition, position=0, epoch=1)
                .on_conflict_do_update(
                    index_elements=["partition"], set_={"epoch": positions.c.epoch + 1}
                )
            )
            return _claim(connection, partition)

    def load(self, partition: str) -> Claim:
        """Return where a partition stands and who owns it; the beginning if it is new."""
        with translated(), self._begin() as connection:
            return _claim(connection, partition)


def _claim(connection: Connection, partition: str) -> Claim:
    row = connection.execute(
        select(positions.c.position, positions.c.epoch).where(positions.c.partition == partition)
    ).one_or_none()
    return Claim(position=row.position, epoch=row.epoch) if row else Claim(position=0, epoch=0)
