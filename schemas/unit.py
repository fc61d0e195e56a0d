"""A unit that reports: a patrol, a liaison assistant's post, an observer team."""

from __future__ import annotations

from datetime import date

from schemas.message import Key, Lat, Lon, ShortText, StrictMessage


class Unit(StrictMessage):
    """A reporting unit with its home position. It never names a person."""

    unit_id: Key
    name: ShortText
    kind: Key
    lon: Lon | None = None
    lat: Lat | None = None
    valid_from: date | None = None
    valid_to: date | None = None
