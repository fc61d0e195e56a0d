"""What the forwarder sends through (port), and the key under which a report is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import h3.api.basic_int as h3
import msgspec

from schemas.log import Record

# Of resolution 2 one partition would hold 39 % of South Sudan, of 3 it is 21 %.
_RESOLUTION = 3
# Places in hundredths of a degree: near enough for a cell of 100 km.
_ROUNDED = 2


class _Told(msgspec.Struct):
    """As much of a spooled report as its key asks for."""

    unit_id: str = ""
    decoded_lon: float | None = None
    decoded_lat: float | None = None


_DECODER = msgspec.json.Decoder(_Told)


class Sending(Protocol):
    """One record on its way. `is_done` turns true once; then `error` is None or what went wrong."""

    @property
    def is_done(self) -> bool:
        """Say whether its outcome is known."""

    @property
    def error(self) -> Exception | None:
        """Return what went wrong, once it is done."""


class Publisher(Protocol):
    """A connection to the topic of reports. For one thread; may block for seconds, not minutes."""

    def send(self, record: Record) -> Sending:
        """Begin to send a record. Raises StorageError when that is not possible now."""

    def is_refusal(self, error: Exception) -> bool:
        """Say whether the broker refused this one record: it would again, and takes others."""

    def close(self) -> None:
        """Give up what is on its way and end, within two seconds."""


# Makes a new connection. Raises StorageError when there is no broker.
Connect = Callable[[], Publisher]


def key_of(value: bytes) -> bytes:
    """Return the key of a spooled report: the H3 cell (resolution 3) of its place, or its unit.

    It is for locality only: nothing may depend on which reports share one.
    """
    try:
        told = _DECODER.decode(value)
    except msgspec.MsgspecError:
        return b""
    if told.decoded_lon is None or told.decoded_lat is None:
        return told.unit_id.encode()
    return _cell(round(told.decoded_lon, _ROUNDED), round(told.decoded_lat, _ROUNDED))


@lru_cache(maxsize=65_536)
def _cell(lon: float, lat: float) -> bytes:
    return f"{h3.latlng_to_cell(lat, lon, _RESOLUTION):x}".encode()
