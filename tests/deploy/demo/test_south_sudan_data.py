"""What the sample mission's files promise to those who load them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from shapely.geometry import Point, shape

from schemas.geometry import Position, geodesic_m
from schemas.mission import Mission
from schemas.unit import Unit

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "deploy" / "demo" / "south_sudan"
BASEMAP = ROOT / "api" / "web" / "public" / "basemap"
LIMIT_BYTES = 8_000_000
EVENT_COLUMNS = [
    *("id", "date_start", "date_end", "date_prec", "where_prec", "type_of_violence"),
    *("side_a", "side_b", "dyad_new_id", "dyad_name", "where_coordinates", "adm_1", "adm_2"),
    *("latitude", "longitude", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown"),
    *("best", "high", "low"),
]
POINT_FILES = (
    "settlements.csv",
    "health_facilities.csv",
    "airfields.csv",
    "un_bases.csv",
    "poc_sites.csv",
)


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def features(path: Path) -> list[dict[str, Any]]:
    collection: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    listed: list[dict[str, Any]] = collection["features"]
    return listed


def at(row: Mapping[str, str]) -> Position:
    return Position(lon=float(row["lon"]), lat=float(row["lat"]))


def holds_on(row: Mapping[str, str], day: date) -> bool:
    start, end = row["valid_from"], row["valid_to"]
    return date.fromisoformat(start) <= day and (not end or day < date.fromisoformat(end))


def test_data_and_basemap_together_stay_under_eight_megabytes() -> None:
    files = [p for folder in (DATA, BASEMAP) for p in folder.rglob("*") if p.is_file()]

    assert sum(path.stat().st_size for path in files) < LIMIT_BYTES


@pytest.mark.parametrize(("level", "count"), [(0, 2), (1, 11), (2, 79)])
def test_areas_are_valid_and_each_code_is_used_once(level: int, count: int) -> None:
    listed = features(DATA / f"adm{level}.geojson")

    assert len({feature["properties"]["pcode"] for feature in listed}) == len(listed) == count
    assert all(shape(feature["geometry"]).is_valid for feature in listed)


@pytest.mark.parametrize("level", [1, 2])
def test_every_area_has_a_parent_that_exists_and_covers_it(level: int) -> None:
    parents = {
        f["properties"]["pcode"]: shape(f["geometry"])
        for f in features(DATA / f"adm{level - 1}.geojson")
    }

    for feature in features(DATA / f"adm{level}.geojson"):
        parent = parents[feature["properties"]["parent_pcode"]]
        inside = shape(feature["geometry"]).representative_point()
        assert parent.covers(inside), feature["properties"]["name"]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_abyei_alone_is_undetermined(level: int) -> None:
    undetermined = [
        feature["properties"]["name"]
        for feature in features(DATA / f"adm{level}.geojson")
        if feature["properties"]["status"] == "UNDETERMINED"
    ]

    assert undetermined == ["Abyei Administrative Area"]


@pytest.mark.parametrize("name", POINT_FILES)
def test_points_have_an_own_id_and_lie_in_the_county_they_name(name: str) -> None:
    counties = {
        f["properties"]["pcode"]: shape(f["geometry"]) for f in features(DATA / "adm2.geojson")
    }
    listed = rows(name)

    assert len({row["id"] for row in listed}) == len(listed)
    for row in listed:
        if row["adm2_pcode"]:
            assert counties[row["adm2_pcode"]].covers(Point(at(row).lon, at(row).lat)), row["id"]


@pytest.mark.parametrize("name", ["un_bases.csv", "poc_sites.csv", "units.csv"])
def test_validity_never_ends_before_it_starts(name: str) -> None:
    for row in rows(name):
        assert holds_on(row, date.fromisoformat(row["valid_from"])), row


def test_every_civilian_site_opened_beside_a_un_base_that_stood_then() -> None:
    bases = rows("un_bases.csv")

    for site in rows("poc_sites.csv"):
        opened = date.fromisoformat(site["valid_from"])
        near = [
            base["id"]
            for base in bases
            if base["mission"] == "UNMISS"
            and holds_on(base, opened)
            and geodesic_m(at(base), at(site)) <= float(site["radius_m"])
        ]
        assert site["un_base_id"] in near
        assert site["kind"] == "POC_SITE"


def test_the_replayed_weeks_have_their_sites_and_units() -> None:
    christmas = date(2013, 12, 25)

    sites = {row["id"] for row in rows("poc_sites.csv") if holds_on(row, christmas)}
    kinds = {row["kind"] for row in rows("units.csv") if holds_on(row, christmas)}

    assert sites == {"poc-bentiu", "poc-bor", "poc-juba", "poc-malakal"}
    assert kinds == {"PATROL", "CLA", "UNMO", "UNPOL", "PARTNER"}


def test_units_are_what_the_contract_accepts() -> None:
    fields = ("unit_id", "name", "kind", "lon", "lat", "valid_from", "valid_to")
    units = [
        Unit.model_validate({key: row[key] or None for key in fields}) for row in rows("units.csv")
    ]

    assert len({unit.unit_id for unit in units}) == len(units)


def test_events_carry_the_agreed_columns_and_nothing_else() -> None:
    events = rows("ucdp_events.csv")

    assert list(events[0]) == EVENT_COLUMNS
    assert len({event["id"] for event in events}) == len(events) == 754
    assert {event["date_start"][:4] for event in events} == {str(y) for y in range(2011, 2019)}


def test_every_area_name_of_the_events_has_an_alias_that_exists() -> None:
    known = {
        f["properties"]["pcode"]: f["properties"]["name"]
        for level in (1, 2)
        for f in features(DATA / f"adm{level}.geojson")
    }
    aliases = rows("county_aliases.csv")
    covered = {(alias["ucdp_adm_1"], alias["ucdp_adm_2"]) for alias in aliases}

    assert all(known[alias["pcode"]] == alias["name"] for alias in aliases)
    assert {alias["how"] for alias in aliases} == {"EXACT", "SPELLING", "RENAMED_OR_SPLIT"}
    for event in rows("ucdp_events.csv"):
        if event["adm_1"]:
            assert (event["adm_1"], event["adm_2"]) in covered, event["id"]


def test_the_mission_is_what_the_contract_accepts_and_names_files_that_exist() -> None:
    document = yaml.safe_load((DATA / "mission.yaml").read_text(encoding="utf-8"))
    mission = Mission.model_validate(document["mission"])
    states = {f["properties"]["pcode"] for f in features(DATA / "adm1.geojson")}

    assert mission.replay
    assert all((DATA / layer["file"]).is_file() for layer in document["layers"])
    assert all(set(sector["adm1"]) <= states for sector in document["sectors"])
    for event in rows("ucdp_events.csv"):
        assert mission.area.box().contains(float(event["longitude"]), float(event["latitude"]))


@pytest.mark.parametrize(
    "source",
    [
        "UCDP",
        "OCHA",
        "GeoNames",
        "Natural Earth",
        "s41597-019-0142-2",
        "airportsdata",
        "Geo-PKO",
        "Noto Sans",
        "sprites",
    ],
)
def test_the_notice_names_each_source(source: str) -> None:
    assert source in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_the_basemap_shows_no_contested_line_as_settled() -> None:
    lines = features(BASEMAP / "boundary_lines.geojson")
    by_status: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_status.setdefault(line["properties"]["status"], []).append(line)

    settled = [shape(line["geometry"]) for line in by_status["INTERNATIONAL"]]
    for area in features(BASEMAP / "disputed_areas.geojson"):
        core = shape(area["geometry"]).buffer(-0.005)
        assert not any(line.intersects(core) for line in settled), area["properties"]["name"]
    assert len(by_status["UNDETERMINED"]) == 2
    assert len(by_status["DISPUTED"]) == 7


@pytest.mark.parametrize("path", sorted(BASEMAP.glob("*.geojson")), ids=lambda p: str(p.stem))
def test_basemap_layers_are_valid_and_within_their_window(path: Path) -> None:
    for feature in features(path):
        geometry = shape(feature["geometry"])
        west, south, east, north = geometry.bounds
        assert geometry.is_valid
        assert (west, south) >= (20, 0)
        assert east <= 40
        assert north <= 16


@pytest.mark.parametrize("stack", ["Noto Sans Regular", "Noto Sans Medium"])
def test_glyphs_of_latin_and_arabic_are_there(stack: str) -> None:
    ranges = {path.stem for path in (BASEMAP / "fonts" / stack).glob("*.pbf")}

    assert {"0-255", "256-511", "1536-1791", "8192-8447"} <= ranges
    assert (BASEMAP / "fonts" / "OFL.txt").is_file()
