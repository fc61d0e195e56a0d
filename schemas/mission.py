"""What a mission configures about itself."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from pydantic import field_validator

from schemas.geometry import BoundingBox
from schemas.message import Key, Lat, Lon, ShortText, StrictMessage


class AreaOfInterest(StrictMessage):
    """The mission's area in degrees. West > east crosses the antimeridian."""

    west: Lon
    south: Lat
    east: Lon
    north: Lat

    def box(self) -> BoundingBox:
        """Return the box."""
        return BoundingBox(west=self.west, south=self.south, east=self.east, north=self.north)


class Mission(StrictMessage):
    """A mission: its id, its zone (which cuts days) and its area of interest.

    `replay` marks a database that `tocsin demo` made: its mission clock is stepped by the replay.
    """

    mission_id: Key
    name: ShortText
    time_zone: str
    area: AreaOfInterest
    languages: tuple[str, ...] = ("en",)
    replay: bool = False

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            msg = f"{value} is not an IANA time zone such as Africa/Juba"
            raise ValueError(msg)
        return value

    def zone(self) -> ZoneInfo:
        """Return the time zone that cuts the mission-local day."""
        return ZoneInfo(self.time_zone)
