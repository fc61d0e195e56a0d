"""SQL text made once from a statement, for those that run often.

SQLAlchemy's own execution costs a hundred microseconds a statement, more than the statement does.
Values are handed on as the driver takes them: times as integer microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Insert, Select, Update

Statement = Select[Any] | Insert | Update | Delete
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The text of a statement, and in which order it takes its values (None: by name)."""

    text: str
    order: tuple[str, ...] | None
    constants: Values

    def arguments(self, values: Values) -> Any:  # noqa: ANN401 - what the driver takes
        """Return the values of one execution as the driver takes them."""
        every = {**self.constants, **values}
        return every if self.order is None else tuple(every[name] for name in self.order)


@cache
def prepared(statement: Statement, dialect: Dialect) -> Prepared:
    """Return the text of a statement; one that lives as long as its module."""
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    order = compiled.positiontup if dialect.positional else None
    return Prepared(
        text=compiled.string,
        order=None if order is None else tuple(order),
        constants=constants,
    )


def run(connection: Connection, statement: Statement, values: Values) -> CursorResult[Any]:
    """Execute a statement once."""
    one = prepared(statement, connection.dialect)
    return connection.exec_driver_sql(one.text, one.arguments(values))


def run_many(connection: Connection, statement: Statement, rows: Sequence[Values]) -> None:
    """Execute a statement for each row; not at all for none."""
    if rows:
        many = prepared(statement, connection.dialect)
        connection.exec_driver_sql(many.text, [many.arguments(values) for values in rows])
