"""Positions: where each partition stands, moved only by its owner and only from where it stood."""

from __future__ import annotations

from collections.abc import Callable, Collection
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

    def claim(self, partitions: Collection[str]) -> dict[str, Claim]:
        """Take partitions over by raising their epochs; durable when it returns."""
        with translated(), self._begin() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            connection.execute(
                insert(positions).on_conflict_do_update(
                    index_elements=["partition"], set_={"epoch": positions.c.epoch + 1}
                ),
                [{"partition": one, "position": 0, "epoch": 1} for one in sorted(partitions)],
            )
            return _claims(connection, partitions)

    def load(self, partitions: Collection[str]) -> dict[str, Claim]:
        """Return where partitions stand and who owns them; the beginning of those that are new."""
        with translated(), self._begin() as connection:
            return _claims(connection, partitions)


def _claims(connection: Connection, partitions: Collection[str]) -> dict[str, Claim]:
    rows = connection.execute(
        select(positions.c.partition, positions.c.position, positions.c.epoch).where(
            positions.c.partition.in_(partitions)
        )
    )
    found = {row.partition: Claim(position=row.position, epoch=row.epoch) for row in rows}
    return {one: found.get(one, Claim(position=0, epoch=0)) for one in partitions}
