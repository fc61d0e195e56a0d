"""Layers from every kind of file, and what is said of a file that is wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely import get_coordinates
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, shape
from shapely.geometry.base import BaseGeometry

from processing.locate.fields import FieldMapping
from processing.locate.files import LayerFileError
from processing.locate.loading import read_layer
from schemas.codec import decode, encode
from schemas.geometry import geodesic_m_many
from schemas.layer import Feature, LayerKind

USUAL = FieldMapping()
VECTOR_FILES = ("layer.gpkg", "layer.geojson", "layer.shp")


def csv_file(folder: Path, text: str) -> Path:
    path = folder / "layer.csv"
    path.write_text(text, encoding="utf-8")
    return path


def vector_file(
    folder: Path,
    name: str,
    geometries: list[BaseGeometry | None],
    *,
    crs: int = 4326,
    **columns: Any,  # noqa: ANN401
) -> Path:
    path = folder / name
    columns = {
        "id": [f"f{n}" for n in range(len(geometries))],
        "name": ["A"] * len(geometries),
    } | columns
    frame = geopandas.GeoDataFrame(columns, geometry=geometries, crs=4326).to_crs(crs)
    frame.to_file(path, engine="pyogrio")
    return path


def outline_file(folder: Path, coordinates: Any) -> Path:  # noqa: ANN401 - GeoJSON
    path = folder / "outline.geojson"
    feature = {
        "type": "Feature",
        "properties": {"pcode": "A", "name": "A"},
        "geometry": {"type": "Polygon", "coordinates": coordinates},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_a_csv_of_points_is_read_whole(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "id,name,kind,lon,lat,radius_m,population,adm2_pcode,valid_from,valid_to,source,troops\n"
        'poc,"Bentiu, camp",POC_SITE,29.8,9.26,1000,40000,SS0609,2013-12-19,,UN,7\n'
        "b,B,,30,5,,,,,2014-01-01,,\n",
    )
    first, second = read_layer(path, LayerKind.CIVILIAN_SITE, USUAL)
    assert first == Feature(
        feature_id="poc",
        layer=LayerKind.CIVILIAN_SITE,
        kind="POC_SITE",
        name="Bentiu, camp",
        parent_id="SS0609",
        lon=29.8,
        lat=9.26,
        radius_m=1_000.0,
        population=40_000,
        valid_from=date(2013, 12, 19),
        source="UN",
        properties={"troops": "7"},
    )
    assert (second.kind, second.valid_to, second.radius_m) == (
        "CIVILIAN_SITE",
        date(2014, 1, 1),
        0.0,
    )
    assert (second.population, second.parent_id, second.properties) == (None, None, {})


@pytest.mark.parametrize("name", VECTOR_FILES)
def test_points_and_areas_come_from_every_vector_format(tmp_path: Path, name: str) -> None:
    path = vector_file(
        tmp_path,
        name,
        [box(30, 5, 31, 6), box(31, 5, 32, 6)],
        parent_id=["S", None],
        population=[10.0, None],
        valid_from=["2011-07-09", None],
        note=["x", None],
    )
    first, second = read_layer(path, LayerKind.ADM2, USUAL)
    assert (first.feature_id, first.name, first.parent_id) == ("f0", "A", "S")
    assert (first.population, first.valid_from, first.properties) == (
        10,
        date(2011, 7, 9),
        {"note": "x"},
    )
    assert (second.parent_id, second.population, second.properties) == (None, None, {})
    assert shape(first.geometry or {}).equals(box(30, 5, 31, 6))
    assert decode(Feature, encode(first)) == first


@pytest.mark.parametrize("name", ["layer.gpkg", "layer.shp"])
def test_other_reference_systems_become_wgs_84(tmp_path: Path, name: str) -> None:
    path = vector_file(tmp_path, name, [Point(31.5, 4.85)], crs=32636)
    (feature,) = read_layer(path, LayerKind.AIRFIELD, USUAL)
    assert (feature.lon, feature.lat) == pytest.approx((31.5, 4.85), abs=1e-8)
    assert feature.geometry is None


def test_an_area_has_a_position_on_it_and_the_radius_that_covers_it(tmp_path: Path) -> None:
    horseshoe = box(30, 5, 31, 6).difference(box(30.1, 5.1, 30.9, 6.1))
    path = vector_file(tmp_path, "layer.gpkg", [horseshoe])
    (feature,) = read_layer(path, LayerKind.ADM2, USUAL)
    assert horseshoe.contains(Point(feature.lon, feature.lat))
    far_m = max(
        float(geodesic_m_many(feature.lon, feature.lat, x, y))
        for x, y in get_coordinates(horseshoe).tolist()
    )
    assert feature.radius_m == pytest.approx(far_m)


def test_a_position_and_radius_in_columns_count_more_than_the_outline(tmp_path: Path) -> None:
    path = vector_file(
        tmp_path, "layer.gpkg", [box(30, 5, 31, 6)], lon=[30.2], lat=[5.2], radius_m=[500.0]
    )
    (feature,) = read_layer(path, LayerKind.CIVILIAN_SITE, USUAL)
    assert (feature.lon, feature.lat, feature.radius_m) == (30.2, 5.2, 500.0)


def test_a_line_is_covered_too(tmp_path: Path) -> None:
    path = vector_file(tmp_path, "layer.gpkg", [LineString([(30, 5), (31, 5)])])
    (feature,) = read_layer(path, LayerKind.AIRFIELD, USUAL)
    assert feature.radius_m > 50_000


@pytest.mark.parametrize("column", ["ADM2_PCODE", "adm2_pcode"])
def test_the_columns_of_common_operational_datasets_are_known(tmp_path: Path, column: str) -> None:
    path = csv_file(tmp_path, f"{column},ADM2_EN,ADM1_PCODE,lon,lat\nSS0101,Juba,SS01,31,5\n")
    (feature,) = read_layer(path, LayerKind.ADM2, USUAL)
    assert (feature.feature_id, feature.name, feature.parent_id) == ("SS0101", "Juba", "SS01")


def test_names_that_a_shapefile_cut_short_are_known(tmp_path: Path) -> None:
    path = vector_file(tmp_path, "layer.shp", [Point(30, 5)], parent_pco=["SS01"])
    assert read_layer(path, LayerKind.AIRFIELD, USUAL)[0].parent_id == "SS01"


def test_columns_may_be_named_and_gaps_filled(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,code,label,x,y\n1,A,Bor,31.5,6.2\n")
    mapping = FieldMapping(
        feature_id=("code",), name=("label",), default_kind="TOWN", default_source="us"
    )
    (feature,) = read_layer(path, LayerKind.SETTLEMENT, mapping)
    assert (feature.feature_id, feature.name, feature.kind) == ("A", "Bor", "TOWN")
    assert (feature.source, feature.properties) == ("us", {"id": "1"})


def test_numbers_as_ids_stay_whole(tmp_path: Path) -> None:
    path = vector_file(tmp_path, "layer.gpkg", [Point(30, 5)], id=[12.0])
    assert read_layer(path, LayerKind.AIRFIELD, USUAL)[0].feature_id == "12"


def test_one_table_of_several_must_be_named(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"id": ["a"], "name": ["A"]}, geometry=[Point(30, 5)], crs=4326)
    path = tmp_path / "layer.gpkg"
    frame.to_file(path, layer="towns", engine="pyogrio")
    frame.to_file(path, layer="camps", engine="pyogrio")
    with pytest.raises(LayerFileError, match="name one of towns, camps"):
        read_layer(path, LayerKind.SETTLEMENT, USUAL)
    assert len(read_layer(path, LayerKind.SETTLEMENT, FieldMapping(table="camps"))) == 1


class TestGeometries:
    def test_an_invalid_area_is_mended_and_says_so(self, tmp_path: Path) -> None:
        path = outline_file(tmp_path, [[[30, 5], [32, 7], [32, 5], [30, 7], [30, 5]]])
        (feature,) = read_layer(path, LayerKind.ADM2, USUAL)
        mended = shape(feature.geometry or {})
        assert mended.is_valid
        assert mended.area == pytest.approx(2.0)
        assert "Self-intersection" in feature.properties["repaired"]

    @pytest.mark.parametrize(
        "ring",
        [
            [[178, -20], [-178, -20], [-178, -15], [178, -15], [178, -20]],
            [[178, -20], [182, -20], [182, -15], [178, -15], [178, -20]],
            [[-182, -20], [-178, -20], [-178, -15], [-182, -15], [-182, -20]],
        ],
        ids=["jumping", "beyond 180", "beyond -180"],
    )
    def test_an_area_across_the_antimeridian_is_cut_there(
        self, tmp_path: Path, ring: list[list[int]]
    ) -> None:
        (feature,) = read_layer(outline_file(tmp_path, [ring]), LayerKind.ADM2, USUAL)
        expected = MultiPolygon([box(178, -20, 180, -15), box(-180, -20, -178, -15)])
        assert shape(feature.geometry or {}).equals(expected)
        assert feature.radius_m < 500_000
        assert "repaired" not in feature.properties

    def test_a_hole_is_cut_with_its_area(self, tmp_path: Path) -> None:
        outer = [[178, -20], [-178, -20], [-178, -15], [178, -15], [178, -20]]
        hole = [[-179.5, -18], [-179.5, -17], [-179, -17], [-179, -18], [-179.5, -18]]
        (feature,) = read_layer(outline_file(tmp_path, [outer, hole]), LayerKind.ADM2, USUAL)
        cut = shape(feature.geometry or {})
        assert cut.area == pytest.approx(4 * 5 - 0.5)
        assert not cut.contains(Point(-179.25, -17.5))

    def test_a_ring_round_a_pole_holds_it(self, tmp_path: Path) -> None:
        ring = [[lon, -80] for lon in range(-180, 180, 20)]
        (feature,) = read_layer(outline_file(tmp_path, [[*ring, ring[0]]]), LayerKind.ADM2, USUAL)
        cap = shape(feature.geometry or {})
        assert cap.is_valid
        assert cap.covers(Point(13.0, -90.0))
        assert not cap.intersects(Point(13.0, -79.0))

    def test_heights_are_dropped(self, tmp_path: Path) -> None:
        path = outline_file(tmp_path, [[[30, 5, 9], [31, 5, 9], [31, 6, 9], [30, 5, 9]]])
        (feature,) = read_layer(path, LayerKind.ADM2, USUAL)
        assert not shape(feature.geometry or {}).has_z

    def test_an_area_without_extent_is_refused(self, tmp_path: Path) -> None:
        path = outline_file(tmp_path, [[[30, 5], [31, 5], [30, 5], [30, 5]]])
        with pytest.raises(LayerFileError, match="row 1, geometry: it holds no area"):
            read_layer(path, LayerKind.ADM2, USUAL)

    def test_an_empty_geometry_is_refused(self, tmp_path: Path) -> None:
        path = vector_file(tmp_path, "layer.gpkg", [Point(30, 5), Polygon()])
        with pytest.raises(LayerFileError, match="row 2, geometry: it is empty"):
            read_layer(path, LayerKind.ADM2, USUAL)

    def test_too_many_vertices_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("processing.locate.loading.MAX_VERTICES", 100)
        path = vector_file(tmp_path, "layer.gpkg", [Point(30, 5).buffer(1, quad_segs=64)])
        with pytest.raises(LayerFileError, match="row 1, geometry: 257 vertices, at most 100"):
            read_layer(path, LayerKind.ADM2, USUAL)

    def test_a_latitude_beyond_the_pole_is_refused(self, tmp_path: Path) -> None:
        path = outline_file(tmp_path, [[[30, 80], [31, 95], [32, 80], [30, 80]]])
        with pytest.raises(LayerFileError, match="row 1, geometry: a latitude"):
            read_layer(path, LayerKind.ADM2, USUAL)


HEADER = "id,name,lon,lat,radius_m,population,valid_from,valid_to\n"


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("a,A,east,5,,,,", "lon", "could not convert"),
        ("a,A,nan,5,,,,", "lon", "not a finite number"),
        ("a,A,200,5,,,,", "lon", "less than or equal to 180"),
        ("a,A,5,95,,,,", "lat", "less than or equal to 90"),
        ("a,A,,5,,,,", "lon", "Field required"),
        ("a,,30,5,,,,", "name", "Field required"),
        (",A,30,5,,,,", "feature_id", "Field required"),
        ("a,A,30,5,wide,,,", "radius_m", "could not convert"),
        ("a,A,30,5,-4,,,", "radius_m", "not a distance"),
        ("a,A,30,5,,-3,,", "population", "not a count"),
        ("a,A,30,5,,1.5,,", "population", "not a count"),
        ("a,A,30,5,,,last year,", "valid_from", "not a date"),
        ("a,A,30,5,,,2014-02-30,", "valid_from", "not a date"),
        ("a,A,30,5,,,2014-02-02,2014-02-02", "valid_to", "not after valid_from"),
        ("ok,A,30,5,,,,", "feature_id", "stands in an earlier row"),
    ],
)
def test_what_is_wrong_is_named_with_file_row_and_field(
    tmp_path: Path, row: str, field: str, reason: str
) -> None:
    path = csv_file(tmp_path, f"{HEADER}ok,A,30,5,,,,\n{row}\n")
    with pytest.raises(LayerFileError, match=reason) as caught:
        read_layer(path, LayerKind.SETTLEMENT, USUAL)
    assert str(caught.value).startswith(f"layer.csv, row 2, {field}: ")
    assert (caught.value.row, caught.value.field) == (2, field)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "it has no features"),
        ("a.csv", b"id,name,lon,lat\n", "it has no features"),
        ("a.csv", b"label,lon,lat\nA,1,2\n", "feature_id: none of its columns"),
        ("a.csv", b"id,lon,lat\nA,1,2\n", "name: none of its columns"),
        ("a.csv", b"id,name,lon,lat\nA,B,1,2,3\n", "more cells than the header"),
        ("a.csv", b"id,name,lon,lat\n\xff,B,1,2\n", "not a CSV file in UTF-8"),
        ("a.geojson", b'{"type": "FeatureCollection"', "it cannot be read"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}', "it has no features"),
        ("a.gpkg", b"not a database", "it cannot be read"),
        ("a.shp", b"\x00" * 100, "it cannot be read"),
        ("a.txt", b"hello", "it cannot be read"),
    ],
)
def test_an_unusable_file_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LayerFileError, match=reason):
        read_layer(path, LayerKind.SETTLEMENT, USUAL)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(LayerFileError, match="there is no such file"):
        read_layer(tmp_path / "none.csv", LayerKind.SETTLEMENT, USUAL)


def test_a_file_without_a_reference_system_is_refused(tmp_path: Path) -> None:
    path = vector_file(tmp_path, "layer.shp", [Point(30, 5)])
    path.with_suffix(".prj").unlink()
    with pytest.raises(LayerFileError, match="does not say its coordinate reference system"):
        read_layer(path, LayerKind.SETTLEMENT, USUAL)
