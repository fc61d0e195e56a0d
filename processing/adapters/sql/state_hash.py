"""One hash over all conclusions: equal for equal sets of reports, rules and layers.

In it: reports with their located columns, who is fused with whom, current incidents, the activity
cube, raised flags (key, band, priority, certainty, numbers, evidence), and alerts that gather any
(id, flags, priority). Out of it: what tells when something was learnt or done, such as revision
counts, received times, positions, history, marks, life cycles and deliveries.

Each conclusion is one line of canonical JSON; the lines of a kind are in order of their key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, select

from schemas.alert import AlertState
from schemas.codec import canonical
from schemas.flag import FlagState
from schemas.tables import alerts, cube, flags, incidents, reports

Read = Callable[[], AbstractContextManager[Connection]]

# Floats are compared to 1e-9: libraries may differ in the last bits, conclusions may not.
DECIMALS = 9

# Rows are fetched this many at a time, so that a large mission needs little memory.
_FETCH = 1_000

# Columns that say when something was learnt, or are read from elsewhere.
_REPORT_COLUMNS = tuple(
    column
    for column in reports.columns
    if column.name not in {"node", "position", "received_at", "body", "report_id"}
)

_FLAG_FIELDS = ("band", "priority", "certainty", "numbers", "evidence")


def state_hash(read: Read) -> str:
    """Return the SHA-256 of all conclusions as hex."""
    digest = hashlib.sha256()
    for line in dump(read):
        digest.update(line)
    return digest.hexdigest()


def dump(read: Read) -> Iterator[bytes]:
    """Yield what is hashed, one line of JSON a conclusion, all from one snapshot."""
    with read() as connection:
        for lines in (_reports, _incidents, _cube, _flags, _alerts):
            for value in lines(connection):
                yield canonical(rounded(value)) + b"\n"


def rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with its floats rounded; whole floats and negative zero become ints."""
    if isinstance(value, float):
        short = round(value, DECIMALS)
        return int(short) if short.is_integer() else short
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return value


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    found = connection.execution_options(yield_per=_FETCH).execute(query)
    yield from found


def _reports(connection: Connection) -> Iterator[list[Any]]:
    # orjson takes plain text only as a key, and SQLAlchemy's names are a subclass of it.
    names = [str(column.name) for column in _REPORT_COLUMNS]
    query = select(*_REPORT_COLUMNS).order_by(reports.c.root_id, reports.c.revision)
    for row in _rows(connection, query):
        fields = dict(zip(names, row, strict=True))
        fields["occurred_start"] = fields["occurred_start"].isoformat()
        yield ["report", fields]


def _incidents(connection: Connection) -> Iterator[list[Any]]:
    query = (
        select(incidents.c.body, incidents.c.views)
        .where(incidents.c.retracted.is_(False))
        .order_by(incidents.c.incident_id)
    )
    for row in _rows(connection, query):
        incident = orjson.loads(row.body)
        incident.pop("revision", None)
        yield ["incident", incident, None if row.views is None else orjson.loads(row.views)]


def _cube(connection: Connection) -> Iterator[list[Any]]:
    query = select(cube).order_by(*cube.primary_key.columns)
    for row in _rows(connection, query):
        yield ["cube", list(row)]


def _flags(connection: Connection) -> Iterator[list[Any]]:
    query = select(flags.c.body).where(_is_raised()).order_by(flags.c.flag_id)
    for row in _rows(connection, query):
        flag = orjson.loads(row.body)
        yield ["flag", flag["flag_key"], {name: flag.get(name) for name in _FLAG_FIELDS}]


def _alerts(connection: Connection) -> Iterator[list[Any]]:
    """Yield alerts with the raised flags that they gather; one without any concludes nothing."""
    query = (
        select(alerts.c.alert_id, alerts.c.priority, flags.c.flag_id)
        .join(flags, flags.c.alert_id == alerts.c.alert_id)
        .where(_is_raised(), flags.c.shadow.is_(False))
        .where(alerts.c.state != AlertState.WITHDRAWN.value)
        .order_by(alerts.c.alert_id, flags.c.flag_id)
    )
    current: list[Any] | None = None
    for row in _rows(connection, query):
        if current is not None and current[1] == row.alert_id:
            current[3].append(row.flag_id)
            continue
        if current is not None:
            yield current
        current = ["alert", row.alert_id, row.priority, [row.flag_id]]
    if current is not None:
        yield current


def _is_raised() -> ColumnElement[bool]:
    return flags.c.state == FlagState.RAISED.value
