"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, LargeBinary, String
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.types import TypeDecorator, TypeEngine
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


class Id(TypeDecorator[str]):
    """A UUID as 36-character text: native on PostgreSQL, text on SQLite."""

    impl = String(36)
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the native type where there is one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(PG_UUID(as_uuid=False))
        return dialect.type_descriptor(String(36))


class JsonBytes(LargeBinary):
    """Canonical JSON as bytes. Read whole and decoded by its model, never queried inside."""
