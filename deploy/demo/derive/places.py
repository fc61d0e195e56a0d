"""Settlements, health facilities and airfields.

Sources: `gazetteer/geonames_cities500_5countries.csv` (GeoNames), completed by
`basemap/ne_10m_populated_places.geojson` (Natural Earth); `infra/health_facilities_who_kwtrp_…`
(Maina et al. 2019); `infra/airports_5countries.csv` (airportsdata). No place is taken from the
conflict data: the map must not know beforehand where the replayed events will be.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from deploy.demo.derive.areas import COUNTRY, Counties
from deploy.demo.derive.records import Cell, Row, coordinate, read_outlines, read_rows, write_rows
from schemas.geometry import Position, geodesic_m

COUNTRY_A2 = "SS"
SAME_TOWN_M = 5_000.0
TOWN_POPULATION = 5_000

SETTLEMENT_COLUMNS = (
    *("id", "name", "kind", "lon", "lat", "population", "adm2_pcode", "source", "note"),
)
HEALTH_COLUMNS = (
    *("id", "name", "kind", "type", "tier", "lon", "lat", "ownership", "adm2_pcode"),
    *("position_source", "source"),
)
AIRFIELD_COLUMNS = ("id", "name", "city", "kind", "lon", "lat", "iata", "adm2_pcode", "source")
HEALTH_KINDS = {
    "Primary Health Care Unit": "HEALTH_UNIT",
    "Primary Health Care Centre": "HEALTH_CENTRE",
    "County Hospital": "HOSPITAL",
    "State Hospital": "HOSPITAL",
    "Teaching Hospital": "HOSPITAL",
}
# GeoNames lists this town under South Sudan; the county polygons leave its area to Sudan.
DISPUTED_TOWNS = {"Kafia Kingi": "in an area that Sudan and South Sudan both claim"}


def derive_settlements(sources: Path, target: Path, counties: Counties) -> list[str]:
    """Write `settlements.csv`: GeoNames towns, then Natural Earth places that are not there."""
    places = [
        _settlement(
            feature_id=f"geonames-{row['geonameid']}",
            name=row["name"],
            at=Position(lon=coordinate(row["longitude"]), lat=coordinate(row["latitude"])),
            population=int(row["population"]),
            counties=counties,
        )
        for row in read_rows(sources / "gazetteer" / "geonames_cities500_5countries.csv")
        if row["countrycode"] == COUNTRY_A2
    ]
    geonames = len(places)
    for outline in read_outlines(sources / "basemap" / "ne_10m_populated_places.geojson"):
        if outline.properties["adm0_a3"] != COUNTRY:
            continue
        candidate = _settlement(
            feature_id=f"ne-{str(outline.properties['nameascii']).lower().replace(' ', '-')}",
            name=str(outline.properties["name"]),
            at=Position(
                lon=coordinate(outline.geometry.centroid.x),
                lat=coordinate(outline.geometry.centroid.y),
            ),
            population=int(outline.properties["pop_max"] or 0),
            counties=counties,
        )
        if not any(_is_same_town(candidate, place) for place in places):
            places.append(candidate)
    places.sort(key=lambda place: str(place["id"]))
    write_rows(target / "settlements.csv", SETTLEMENT_COLUMNS, places)
    outside = [str(place["name"]) for place in places if not place["adm2_pcode"]]
    return [
        f"settlements: {len(places)} ({geonames} GeoNames, {len(places) - geonames} Natural Earth)",
        f"settlements: in no county: {', '.join(outside) or 'none'}",
    ]


def derive_health(sources: Path, target: Path, counties: Counties) -> list[str]:
    """Write `health_facilities.csv`; facilities without a position are left out and counted."""
    rows = [
        row
        for row in read_rows(sources / "infra" / "health_facilities_who_kwtrp_5countries.csv")
        if row["iso3c"] == COUNTRY
    ]
    placed = [row for row in rows if row["Lat"] and row["Long"]]
    facilities = sorted(
        (_facility(row, counties) for row in placed), key=lambda facility: str(facility["id"])
    )
    ids = Counter(str(facility["id"]) for facility in facilities)
    if max(ids.values()) > 1:
        raise ValueError(f"health facilities share an id: {ids.most_common(1)}")
    write_rows(target / "health_facilities.csv", HEALTH_COLUMNS, facilities)
    outside = sum(1 for facility in facilities if not facility["adm2_pcode"])
    moved = sum(
        1
        for row, facility in zip(placed, (_facility(row, counties) for row in placed), strict=True)
        if facility["adm2_pcode"] and _state_of(facility, counties) != row["Admin1"]
    )
    return [
        f"health: {len(facilities)} of {len(rows)} ({len(rows) - len(placed)} have no position)",
        f"health: {outside} in no county, {moved} in another state than the source says",
    ]


def derive_airfields(sources: Path, target: Path, counties: Counties) -> list[str]:
    """Write `airfields.csv`."""
    airfields: list[dict[str, Cell]] = [
        {
            "id": f"icao-{row['icao'].lower()}",
            "name": row["name"],
            "city": row["city"],
            "kind": "AIRFIELD",
            "lon": coordinate(row["lon"]),
            "lat": coordinate(row["lat"]),
            "iata": row["iata"] or None,
            "adm2_pcode": counties.at(coordinate(row["lon"]), coordinate(row["lat"])),
            "source": "airportsdata",
        }
        for row in read_rows(sources / "infra" / "airports_5countries.csv")
        if row["country"] == COUNTRY_A2
    ]
    airfields.sort(key=lambda airfield: str(airfield["id"]))
    write_rows(target / "airfields.csv", AIRFIELD_COLUMNS, airfields)
    return [f"airfields: {len(airfields)}"]


def _settlement(
    *, feature_id: str, name: str, at: Position, population: int, counties: Counties
) -> dict[str, Cell]:
    return {
        "id": feature_id,
        "name": name,
        "kind": "TOWN" if population >= TOWN_POPULATION else "VILLAGE",
        "lon": at.lon,
        "lat": at.lat,
        "population": population or None,
        "adm2_pcode": counties.at(at.lon, at.lat),
        "source": "Natural Earth" if feature_id.startswith("ne-") else "GeoNames",
        "note": DISPUTED_TOWNS.get(name),
    }


def _is_same_town(a: dict[str, Cell], b: dict[str, Cell]) -> bool:
    if str(a["name"]).casefold() != str(b["name"]).casefold():
        return False
    return geodesic_m(_position(a), _position(b)) <= SAME_TOWN_M


def _position(place: dict[str, Cell]) -> Position:
    return Position(lon=float(str(place["lon"])), lat=float(str(place["lat"])))


def _facility(row: Row, counties: Counties) -> dict[str, Cell]:
    lon, lat = coordinate(row["Long"]), coordinate(row["Lat"])
    key = "|".join((row["Admin1"], row["Facility name"], f"{lon:.6f}", f"{lat:.6f}"))
    return {
        "id": f"hf-{hashlib.sha256(key.encode()).hexdigest()[:12]}",
        "name": row["Facility name"],
        "kind": HEALTH_KINDS[row["Facility type"]],
        "type": row["Facility type"],
        "tier": int(float(row["Tier"])),
        "lon": lon,
        "lat": lat,
        "ownership": row["Ownership"],
        "adm2_pcode": counties.at(lon, lat),
        "position_source": row["LL source"] or None,
        "source": "Maina et al. 2019",
    }


def _state_of(facility: dict[str, Cell], counties: Counties) -> str:
    return counties.state_names[counties.parents[str(facility["adm2_pcode"])]]
