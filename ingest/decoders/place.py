"""Where a report says that it happened: degrees, grid reference, and how far off it may be. Pure.

Nothing here refuses. A position that can't be right is not used and keeps its words; one that is
only odd is used and remarked on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from msgspec import UNSET

from ingest.decoders.grid import GridPoint, decode_mgrs
from ingest.finding import Finding, pointer, shown
from ingest.gazetteer import Gazetteer
from ingest.plain_report import PlainLocation
from schemas.codes.lists import code_list
from schemas.geometry import BoundingBox, Position, geodesic_m, is_position
from schemas.report import ReportedLocation

# A position without any word on how exact it is counts as a village (P3, 1 km): no phone writes
# degrees without knowing better, but people read them off maps.
UNSTATED_PRECISION = "P3"
# Degrees and grid reference of one place differ by their rounding; beyond this they disagree.
_AGREE_M = 1_000.0

FROM_DEGREES = "degrees"
FROM_MGRS = "mgrs"


class DecodedPlace(NamedTuple):
    """The usable position of a report, or none, with what was noticed.

    `is_usable` is False when coordinates were given and can't be right. `radius_m` is None where
    there is no position or its precision has no radius (P7).
    """

    lon: float | None = None
    lat: float | None = None
    radius_m: float | None = None
    decoded_from: str | None = None
    is_usable: bool = True
    findings: tuple[Finding, ...] = ()


_NOWHERE = DecodedPlace()
# As the named tuple makes itself, without the call into Python that unpacks its names.
_decoded = partial(tuple.__new__, DecodedPlace)


@dataclass(slots=True)
class _Reading:
    """What is known while one location is read."""

    location: ReportedLocation
    gazetteer: Gazetteer
    findings: list[Finding] = field(default_factory=list)

    def note(self, code: str, key: str, detail: str) -> None:
        where = pointer("location", key) if key else pointer("location")
        self.findings.append(Finding(pointer=where, code=code, detail=detail))


def decode_plain(location: PlainLocation, gazetteer: Gazetteer) -> DecodedPlace | None:
    """Return the place of a checked location if there is surely nothing to remark.

    The quick and usual case: degrees or a grid reference inside of the area, or no coordinates at
    all. None when `decode_place` has to look.
    """
    if location.accuracy_m is not UNSET or location.uncertainty_m == 0:
        return None
    pcode, area = location.pcode, gazetteer.area
    if area is None or (pcode is not UNSET and pcode not in gazetteer.pcodes):
        return None
    if location.mgrs is not UNSET:
        return _plain_grid(location, location.mgrs, area, gazetteer.mgrs_zone)
    lon, lat = location.lon, location.lat
    if lon is UNSET and lat is UNSET:
        # Words or a P-code: nothing to decode.
        return _NOWHERE
    if lon is UNSET or lat is UNSET or not (lon or lat) or not area.contains(lon, lat):
        return None
    radius_m = _plain_radius_m(location, UNSTATED_PRECISION)
    return _decoded((float(lon), float(lat), radius_m, FROM_DEGREES, True, ()))


def _plain_grid(
    location: PlainLocation, mgrs: str, area: BoundingBox, mgrs_zone: str | None
) -> DecodedPlace | None:
    point = decode_mgrs(mgrs, mgrs_zone)
    if point is None or not area.contains(point.lon, point.lat):
        return None
    if location.lon is not UNSET or location.lat is not UNSET:
        return None
    radius_m = _plain_radius_m(location, None)
    if radius_m is not None:
        radius_m = max(radius_m, point.half_diagonal_m)
    return DecodedPlace(point.lon, point.lat, radius_m, FROM_MGRS)


def _plain_radius_m(location: PlainLocation, unstated: str | None) -> float | None:
    if location.uncertainty_m is not UNSET:
        return float(location.uncertainty_m)
    precision = location.precision or unstated
    return 0.0 if precision is None else _radius_of(precision)


def decode_place(location: ReportedLocation, gazetteer: Gazetteer) -> DecodedPlace:
    """Return the position of a location. Degrees win over a grid reference that disagrees."""
    reading = _Reading(location, gazetteer)
    degrees = _degrees(reading)
    grid = _grid(reading)
    _check_pcode(reading)
    if degrees is not None:
        _compare(reading, degrees, grid)
        return _placed(reading, degrees, decoded_from=FROM_DEGREES, least_m=0.0)
    if grid is not None:
        at = Position(lon=grid.lon, lat=grid.lat)
        return _placed(reading, at, decoded_from=FROM_MGRS, least_m=grid.half_diagonal_m)
    was_given = location.lon is not None or location.lat is not None
    return DecodedPlace(
        is_usable=not was_given and location.mgrs is None, findings=tuple(reading.findings)
    )


def _placed(reading: _Reading, at: Position, *, decoded_from: str, least_m: float) -> DecodedPlace:
    area = reading.gazetteer.area
    if area is not None and not area.contains(at.lon, at.lat):
        key = "" if decoded_from == FROM_DEGREES else "mgrs"
        reading.note("OUTSIDE_AREA", key, "Outside the mission's area of interest; kept as given.")
    radius_m = _radius_m(reading, least_m=least_m)
    return DecodedPlace(
        lon=at.lon,
        lat=at.lat,
        radius_m=radius_m,
        decoded_from=decoded_from,
        findings=tuple(reading.findings),
    )


def _degrees(reading: _Reading) -> Position | None:
    lon, lat = reading.location.lon, reading.location.lat
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        missing = "lon" if lon is None else "lat"
        reading.note("HALF_POSITION", missing, f"{missing} is missing; the other is not used.")
        return None
    problem = _why_unusable(lon, lat, reading.gazetteer)
    if problem is None:
        return Position(lon=lon, lat=lat)
    code, detail = problem
    reading.note(code, "", detail)
    return None


def _why_unusable(lon: float, lat: float, gazetteer: Gazetteer) -> tuple[str, str] | None:
    if lon == 0.0 and lat == 0.0:
        return "NULL_POSITION", "0, 0 is what devices send without a fix; not used."
    area = gazetteer.area
    is_outside = area is not None and not area.contains(lon, lat)
    if is_outside and area is not None and area.contains(lat, lon):
        hint = "lon and lat look swapped: the other way round this lies in the mission's area."
        return "SWAPPED_AXES", f"{hint} Kept as given, not used."
    if not is_position(lon, lat):
        return "OUT_OF_RANGE", "lon is -180 to 180 and lat -90 to 90; kept as given, not used."
    return None


def _grid(reading: _Reading) -> GridPoint | None:
    text = reading.location.mgrs
    if text is None:
        return None
    point = decode_mgrs(text, reading.gazetteer.mgrs_zone)
    if point is None:
        reading.note(
            "MGRS_UNREADABLE",
            "mgrs",
            f"“{shown(text)}” is no grid reference such as 36N SG 939 726.",
        )
    return point


def _compare(reading: _Reading, at: Position, grid: GridPoint | None) -> None:
    if grid is None:
        return
    apart_m = geodesic_m(at, Position(lon=grid.lon, lat=grid.lat))
    if apart_m > _AGREE_M + grid.half_diagonal_m:
        reading.note(
            "PLACE_CONTRADICTS",
            "mgrs",
            f"{apart_m / 1000:.0f} km from the degrees, which are used.",
        )


def _check_pcode(reading: _Reading) -> None:
    pcode, known = reading.location.pcode, reading.gazetteer.pcodes
    if pcode is None or not known or pcode in known:
        return
    near = pcode.strip().upper()
    hint = f" Is it {near}?" if near in known else ""
    reading.note("UNKNOWN_PCODE", "pcode", f"“{shown(pcode)}” is no P-code here; kept.{hint}")


def _radius_m(reading: _Reading, *, least_m: float) -> float | None:
    """Return the uncertainty: what is stated, else the precision's, and never less than known."""
    location = reading.location
    if location.accuracy_m == 0:
        reading.note(
            "ACCURACY_ZERO", "accuracy_m", "0 is what mock positions claim; treated as unknown."
        )
    if location.uncertainty_m == 0:
        reading.note("ACCURACY_ZERO", "uncertainty_m", "No place is exact; treated as unknown.")
    if location.uncertainty_m:
        stated_m: float | None = location.uncertainty_m
    else:
        stated_m = _precision_m(location, is_bare=not least_m)
    if stated_m is None:
        return None
    return max(stated_m, location.accuracy_m or 0.0, least_m)


def _precision_m(location: ReportedLocation, *, is_bare: bool) -> float | None:
    """Return the radius of the precision code; `is_bare`: nothing else tells how exact it is."""
    precision = location.precision
    if precision is None:
        if not is_bare or location.accuracy_m:
            return 0.0
        precision = UNSTATED_PRECISION
    return _radius_of(precision)


@lru_cache(maxsize=64)
def _radius_of(precision: str) -> float | None:
    """Return the radius of a precision code; one that the list does not have is its coarsest."""
    radius = code_list("loc_precision").get(precision).attributes["radius_m"]
    return None if radius is None else float(radius)


def said_somehow(location: ReportedLocation) -> Iterator[str]:
    """Give the words that may still tell where it was, when there is no position."""
    for text in (location.pcode, location.place_name, location.given):
        if text is not None and text.strip():
            yield text
