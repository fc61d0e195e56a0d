"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, LargeBinary, String
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from schemas.clock import from_micros, to_micros


class UtcMicros(TypeDecorator[datetime]):
    """An aware time as integer microseconds since 1970, so that order and equality are exact."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store the number of microseconds."""
        return None if value is None else to_micros(value)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC time."""
        return None if value is None else from_micros(int(value))


class Id(String):
    """A UUID as text of 36 characters.

    PostgreSQL's own type would be shorter, but fails on a text that is no UUID, where the answer is
    that there is no such thing.
    """

    def __init__(self, length: int = 36) -> None:
        super().__init__(length)


class JsonBytes(LargeBinary):
    """Canonical JSON as bytes. Read whole and decoded by its model, never queried inside."""
