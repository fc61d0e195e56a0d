"""UCDP events of South Sudan 2011 to 2018, and UCDP's area names beside P-codes.

Source: `conflict/ucdp_ged_dev_ssd_sdn.csv.gz` (UCDP GED country extract). Kept: id, dates and
their precision, type, sides, dyad, place, admin names, coordinates, deaths; nothing else, so no
description of the place, no count or title of sources, nothing that could name a person.

Only rows of the South Sudan file. The Sudan file has 863 more events at places that became South
Sudan in July 2011; they are of 1989 to 2011, before the sample's time, and are left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from deploy.demo.derive.areas import COUNTRY, Counties
from deploy.demo.derive.records import Cell, Row, read_rows, write_rows

EVENT_COLUMNS = (
    *("id", "date_start", "date_end", "date_prec", "where_prec", "type_of_violence"),
    *("side_a", "side_b", "dyad_new_id", "dyad_name", "where_coordinates", "adm_1", "adm_2"),
    *("latitude", "longitude", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown"),
    *("best", "high", "low"),
)
ALIAS_COLUMNS = (
    *("level", "ucdp_adm_1", "ucdp_adm_2", "pcode", "name", "how", "events"),
    *("points", "points_in_area", "note"),
)
# Points coded to a place or its surroundings; wider ones are centroids of the area itself.
PRECISE_WHERE = 2

# By hand, after comparison with the county that most precise points fall in.
SPELLINGS = {
    "Cueibit": "SS0402",
    "Kajo Keji": "SS0102",
    "Payinjar": "SS0607",
    "Raga": "SS0902",
}
RENAMED = {
    "Bor North": ("SS0303", "no such county in the layer; the event's point lies in Bor South"),
    "Pigi": ("SS0304", "Canal and Pigi are two names of one county"),
}
STATES = {
    "Central Equatoria state": ("SS01", "EXACT"),
    "East Equatoria state": ("SS02", "SPELLING"),
    "Jonglei state": ("SS03", "EXACT"),
    "Lakes state": ("SS04", "EXACT"),
    "North Bahr-al-Ghazal state": ("SS05", "SPELLING"),
    "Unity state": ("SS06", "EXACT"),
    "Upper Nile state": ("SS07", "EXACT"),
    "Warap state": ("SS08", "SPELLING"),
    "West Bahr-al-Ghazal state": ("SS09", "SPELLING"),
    "West Equatoria state": ("SS10", "SPELLING"),
}


def derive_events(sources: Path, target: Path, counties: Counties) -> list[str]:
    """Write `ucdp_events.csv` and `county_aliases.csv`."""
    events = [
        row
        for row in read_rows(sources / "conflict" / "ucdp_ged_dev_ssd_sdn.csv.gz")
        if row["iso3"] == COUNTRY
    ]
    events.sort(key=lambda row: (row["date_start"], int(row["id"])))
    write_rows(
        target / "ucdp_events.csv",
        EVENT_COLUMNS,
        [{column: row[column] for column in EVENT_COLUMNS} for row in events],
    )
    aliases = _county_aliases(events, counties)
    write_rows(
        target / "county_aliases.csv", ALIAS_COLUMNS, _state_aliases(events, counties) + aliases
    )
    how = Counter(str(alias["how"]) for alias in aliases)
    points = sum(int(str(alias["points"])) for alias in aliases)
    agree = sum(int(str(alias["points_in_area"])) for alias in aliases)
    outside = [row for row in events if _county_of(row, counties) is None]
    bounds = sum(not int(e["low"]) <= int(e["best"]) <= int(e["high"]) for e in events)
    return [
        f"events: {len(events)}, {events[0]['date_start']} to {events[-1]['date_start']}",
        f"events: {len(outside)} in no county ({', '.join(row['id'] for row in outside)})",
        f"events: {bounds} do not have low <= best <= high",
        f"aliases: {dict(sorted(how.items()))}",
        f"aliases: {agree} of {points} precise points lie in the county that UCDP names",
    ]


def _county_aliases(events: list[Row], counties: Counties) -> list[dict[str, Cell]]:
    named: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in events:
        if row["adm_2"]:
            named[row["adm_1"], row["adm_2"]].append(row)
    aliases: list[dict[str, Cell]] = []
    for (adm_1, adm_2), rows in sorted(named.items()):
        pcode, how, note = _resolve(adm_2, counties)
        precise = [row for row in rows if int(row["where_prec"]) <= PRECISE_WHERE]
        found = Counter(_county_of(row, counties) for row in precise)
        inside = found.pop(pcode, 0)
        elsewhere = ", ".join(
            f"{counties.names[code] if code else 'no county'} {count}"
            for code, count in sorted(found.items(), key=lambda item: item[0] or "")
        )
        aliases.append(
            {
                "level": 2,
                "ucdp_adm_1": adm_1,
                "ucdp_adm_2": adm_2,
                "pcode": pcode,
                "name": counties.names[pcode],
                "how": how,
                "events": len(rows),
                "points": len(precise),
                "points_in_area": inside,
                "note": "; ".join(
                    part for part in (note, elsewhere and f"other points: {elsewhere}") if part
                )
                or None,
            }
        )
    return aliases


def _state_aliases(events: list[Row], counties: Counties) -> list[dict[str, Cell]]:
    aliases: list[dict[str, Cell]] = []
    for adm_1, (pcode, how) in sorted(STATES.items()):
        rows = [row for row in events if row["adm_1"] == adm_1]
        precise = [row for row in rows if int(row["where_prec"]) <= PRECISE_WHERE]
        aliases.append(
            {
                "level": 1,
                "ucdp_adm_1": adm_1,
                "ucdp_adm_2": None,
                "pcode": pcode,
                "name": counties.state_names[pcode],
                "how": how,
                "events": len(rows),
                "points": len(precise),
                "points_in_area": sum(
                    counties.parents.get(_county_of(row, counties) or "") == pcode
                    for row in precise
                ),
                "note": None,
            }
        )
    return aliases


def _resolve(adm_2: str, counties: Counties) -> tuple[str, str, str | None]:
    bare = adm_2.removesuffix(" county")
    if bare in SPELLINGS:
        return SPELLINGS[bare], "SPELLING", None
    if bare in RENAMED:
        pcode, note = RENAMED[bare]
        return pcode, "RENAMED_OR_SPLIT", note
    by_name = {name: pcode for pcode, name in counties.names.items()}
    return by_name[bare], "EXACT", None


def _county_of(row: Row, counties: Counties) -> str | None:
    return counties.at(float(row["longitude"]), float(row["latitude"]))
