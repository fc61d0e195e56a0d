"""What the lists have in common: boxes and ranges of ids."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, or_

from schemas.clock import day_start_ms
from schemas.geometry import BoundingBox

_MAX_MS = (1 << 48) - 1


def in_box(table: Table, box: BoundingBox) -> ColumnElement[bool]:
    """Keep the rows whose point lies in a box, edges included."""
    lon, lat = table.c.lon, table.c.lat
    within_lat = and_(lat >= box.south, lat <= box.north)
    if box.west <= box.east:
        return and_(within_lat, lon >= box.west, lon <= box.east)
    return and_(within_lat, or_(lon >= box.west, lon <= box.east))


def first_id_of(day: int) -> str:
    """Return the smallest id that a day can have: ids begin with the day's first millisecond."""
    head = f"{min(max(day_start_ms(day), 0), _MAX_MS):012x}"
    return f"{head[:8]}-{head[8:]}-0000-0000-000000000000"
