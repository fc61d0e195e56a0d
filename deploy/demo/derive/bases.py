"""UN base locations with the time for which they are known, from Geo-PKO.

Source: `infra/geopko_bases_9missions.csv` (Geo-PKO 2.3). One row there is a base on one map of
one year. Columns used: mission, year, location, latitude, longitude, ave.no.troops (the year's
mean of the maps), hq (0 none, 1 to 3 rising, 3 mission headquarters), Med, Av, UNPOL, UNMO.

Years become validity: contiguous years at one place merge; the first and last day are the year's,
cut to the mission's mandate. A base therefore counts for the whole of each year that has a map of
it. The last year of the data (2024) leaves the end open. Bases often follow violence: an undated
list must never be used to predict.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from shapely.geometry import Point
from shapely.ops import nearest_points

from deploy.demo.derive.areas import Counties
from deploy.demo.derive.records import Cell, Row, coordinate, read_rows, write_rows
from schemas.geometry import Position, geodesic_m

# First and last day of each mandate; the last is excluded, None is open.
# UNMIS: resolution 1590 to the independence of South Sudan; UNMISS: resolution 1996, from
# independence; UNISFA: resolution 1990.
MANDATES: dict[str, tuple[date, date | None]] = {
    "UNMIS": (date(2005, 3, 24), date(2011, 7, 9)),
    "UNMISS": (date(2011, 7, 9), None),
    "UNISFA": (date(2011, 6, 27), None),
}
LAST_YEAR = 2024
# Kadugli, the logistics base across the border, lies about 110 km from it.
BORDER_AREA_M = 150_000.0

BASE_COLUMNS = (
    *("id", "name", "kind", "mission", "lon", "lat", "adm2_pcode", "valid_from", "valid_to"),
    *("date_precision", "troops", "hq", "medical", "aviation", "police", "observers"),
    *("also_named", "source"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One base for one stretch of contiguous years. `valid_to` is excluded; None is open."""

    base_id: str
    name: str
    mission: str
    at: Position
    county: str | None
    valid_from: date
    valid_to: date | None
    rows: tuple[Row, ...]

    def stood_on(self, day: date) -> bool:
        """Say whether the base is known to have stood on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def has(self, column: str) -> bool:
        """Say whether any of its rows has a flag set."""
        return any(float(row[column]) > 0 for row in self.rows)


def derive_bases(sources: Path, target: Path, counties: Counties) -> tuple[list[Base], list[str]]:
    """Write `un_bases.csv`; return the bases and what was counted."""
    groups: dict[tuple[str, float, float], list[Row]] = defaultdict(list)
    far: set[str] = set()
    for row in read_rows(sources / "infra" / "geopko_bases_9missions.csv"):
        if row["mission"] not in MANDATES:
            continue
        at = Position(lon=coordinate(row["longitude"]), lat=coordinate(row["latitude"]))
        if _from_area_m(at, counties) > BORDER_AREA_M:
            far.add(f"{row['mission']} {row['location']}")
            continue
        groups[row["mission"], at.lon, at.lat].append(row)
    bases = _with_own_ids(
        base for key, rows in groups.items() for base in _stretches(key, rows, counties)
    )
    write_rows(target / "un_bases.csv", BASE_COLUMNS, (_row(base) for base in bases))
    missions = ", ".join(f"{m} {sum(b.mission == m for b in bases)}" for m in MANDATES)
    return bases, [
        f"bases: {len(bases)} stretches at {len(groups)} places ({missions})",
        f"bases: {len(far)} places over {BORDER_AREA_M / 1000:.0f} km from the area left out",
    ]


def _stretches(
    key: tuple[str, float, float], rows: Sequence[Row], counties: Counties
) -> Iterable[Base]:
    mission, lon, lat = key
    name = min(
        Counter(row["location"] for row in rows).items(), key=lambda item: (-item[1], item[0])
    )[0]
    for years in _runs(sorted({int(row["year"]) for row in rows})):
        start, end = MANDATES[mission]
        last = date(years[-1] + 1, 1, 1)
        slug = name.lower().replace(" ", "-").replace("/", "-")
        yield Base(
            base_id=f"{mission.lower()}-{slug}-{years[0]}",
            name=name,
            mission=mission,
            at=Position(lon=lon, lat=lat),
            county=counties.at(lon, lat),
            valid_from=max(date(years[0], 1, 1), start),
            valid_to=end if end and last > end else _end(years[-1]),
            rows=tuple(row for row in rows if int(row["year"]) in years),
        )


def _with_own_ids(bases: Iterable[Base]) -> list[Base]:
    """Return the bases sorted; a second place of one mission, name and year gets a `-2`."""
    seen: Counter[str] = Counter()
    numbered = []
    for base in sorted(bases, key=lambda b: (b.base_id, b.at.lat, b.at.lon)):
        seen[base.base_id] += 1
        count = seen[base.base_id]
        own = base.base_id if count == 1 else f"{base.base_id}-{count}"
        numbered.append(replace(base, base_id=own))
    return sorted(numbered, key=lambda b: b.base_id)


def _runs(years: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return runs


def _end(last_year: int) -> date | None:
    return None if last_year == LAST_YEAR else date(last_year + 1, 1, 1)


def _from_area_m(at: Position, counties: Counties) -> float:
    nearest = nearest_points(counties.extent, Point(at.lon, at.lat))[0]
    return geodesic_m(at, Position(lon=nearest.x, lat=nearest.y))


def _row(base: Base) -> dict[str, Cell]:
    by_year = {row["year"]: row["ave.no.troops"] for row in base.rows if row["ave.no.troops"]}
    troops = [float(value) for value in by_year.values()]
    others = sorted({row["location"] for row in base.rows} - {base.name})
    return {
        "id": base.base_id,
        "name": base.name,
        "kind": "UN_BASE",
        "mission": base.mission,
        "lon": base.at.lon,
        "lat": base.at.lat,
        "adm2_pcode": base.county,
        "valid_from": base.valid_from.isoformat(),
        "valid_to": base.valid_to.isoformat() if base.valid_to else None,
        "date_precision": "YEAR",
        "troops": round(sum(troops) / len(troops)) if troops else None,
        "hq": max(int(row["hq"]) for row in base.rows),
        "medical": int(base.has("Med")),
        "aviation": int(base.has("Av")),
        "police": int(base.has("UNPOL")),
        "observers": int(base.has("UNMO")),
        "also_named": "; ".join(others) or None,
        "source": "Geo-PKO 2.3",
    }
