"""Reports in the database, as those see them who wait for one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from api.queries.reports import is_processed
from schemas.receipt_token import Awaited


def missing_of(connection: Connection, awaited: Sequence[Awaited]) -> list[Awaited]:
    """Return which of these are neither stored nor set aside."""
    return [one for one in awaited if connection.execute(is_processed(one)).scalar() is None]
