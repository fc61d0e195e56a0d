"""The records that could not be processed, for people who look into why and try them again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, select

from processing.adapters.sql.errors import translated
from schemas.errors import NotFoundError
from schemas.tables import dead_letters, reports

Read = Callable[[], AbstractContextManager[Connection]]
Begin = Callable[[], AbstractContextManager[Connection]]


class DeadLetter(NamedTuple):
    """A record that was set aside: where it was first, why, when, and its bytes.

    `root_id` and `revision` are None when it could not be decoded.
    """

    partition: str
    position: int
    reason: str
    at: datetime
    value: bytes
    root_id: str | None
    revision: int | None


def list_dead_letters(read: Read, *, limit: int) -> tuple[list[DeadLetter], int]:
    """Return the newest dead letters, and how many there are. Raises StorageError."""
    newest = (
        select(dead_letters)
        .order_by(
            dead_letters.c.at.desc(), dead_letters.c.partition, dead_letters.c.position.desc()
        )
        .limit(limit)
    )
    with translated(), read() as connection:
        rows = [_dead_letter(row) for row in connection.execute(newest)]
        count = connection.execute(select(func.count()).select_from(dead_letters)).scalar_one()
    return rows, count


def read_dead_letter(read: Read, partition: str, position: int) -> DeadLetter:
    """Return one dead letter. Raises NotFoundError, StorageError."""
    query = select(dead_letters).where(
        dead_letters.c.partition == partition, dead_letters.c.position == position
    )
    with translated(), read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"no dead letter {partition} {position}: tocsin dead-letters list")
    return _dead_letter(row)


def is_stored(read: Read, root_id: str, revision: int, sha256: str) -> bool:
    """Say whether a report is stored with this very body. Raises StorageError."""
    query = select(reports.c.report_id).where(
        reports.c.root_id == root_id, reports.c.revision == revision, reports.c.sha256 == sha256
    )
    with translated(), read() as connection:
        return connection.execute(query).first() is not None


def forget_dead_letter(begin: Begin, partition: str, position: int) -> None:
    """Remove a dead letter that was stored after all. Durable when it returns."""
    with translated(), begin() as connection:
        connection.execute(
            delete(dead_letters).where(
                dead_letters.c.partition == partition, dead_letters.c.position == position
            )
        )


def _dead_letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        row.partition, row.position, row.reason, row.at, row.value, row.root_id, row.revision
    )
