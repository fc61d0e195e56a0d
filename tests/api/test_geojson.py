from datetime import UTC, datetime

import orjson
import pytest

from api.geojson import collection, feature, point, rounded

NOW = datetime(2013, 12, 16, 12, tzinfo=UTC)


def test_coordinates_have_at_most_six_decimals() -> None:
    assert point(31.12345678, -6.98765432) == {
        "type": "Point",
        "coordinates": [31.123457, -6.987654],
    }


def test_no_place_is_a_null_geometry() -> None:
    assert point(None, 6.2) is None
    assert orjson.loads(feature("a", None, {}))["geometry"] is None


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (
            {"type": "Polygon", "coordinates": [[[1.00000049, 2], [3, 4.0000005], [1, 2]]]},
            [[[1.0, 2], [3, 4.0], [1, 2]]],
        ),
        ({"type": "LineString", "coordinates": []}, []),
        (
            {"type": "MultiPolygon", "coordinates": [[[[179.99999999, 0], [-180, 1]]]]},
            [[[[180.0, 0], [-180, 1]]]],
        ),
    ],
)
def test_every_geometry_is_rounded_alike(geometry: dict[str, object], expected: object) -> None:
    assert rounded(geometry)["coordinates"] == expected


def test_a_collection_of_geometries_is_rounded_inside() -> None:
    inner = {"type": "Point", "coordinates": [1.23456789, 2]}
    found = rounded({"type": "GeometryCollection", "geometries": [inner]})
    assert found["geometries"][0]["coordinates"] == [1.234568, 2]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_collection_is_json_and_counts_its_features(count: int) -> None:
    features = [feature(str(each), point(1, 2), {"n": each}) for each in range(count)]
    found = orjson.loads(collection(features, next_href="/next", now=NOW))
    assert [each["id"] for each in found["features"]] == [str(each) for each in range(count)]
    assert found["numberReturned"] == count
    assert found["links"] == [{"rel": "next", "href": "/next"}]
    assert found["timeStamp"] == "2013-12-16T12:00:00Z"
