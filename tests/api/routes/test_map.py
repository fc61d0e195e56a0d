"""What lies under the incidents: layers, activity and the names of codes."""

from datetime import date

import h3
import pytest
from sqlalchemy import Connection, insert

from schemas import tables
from schemas.access import Level
from schemas.layer import Feature, LayerKind
from tests.api.rows import BOR, JUBA, put_counties, put_layer
from tests.api.world import World, person, signed_in


def base(name: str, **changes: object) -> Feature:
    given: dict[str, object] = {
        "feature_id": name,
        "layer": "un_base",
        "kind": "BASE",
        "name": name,
        "lon": 31.0,
        "lat": 6.0,
    }
    return Feature.model_validate(given | changes)


class TestLayers:
    @pytest.fixture(autouse=True)
    def bases(self, world: World) -> None:
        with world.begin() as connection:
            put_layer(
                connection,
                LayerKind.UN_BASE,
                base("always"),
                base("closed", valid_to=date(2013, 12, 16)),
                base("opened", valid_from=date(2013, 12, 16), lon=179.5),
                base(
                    "drawn",
                    geometry={"type": "Polygon", "coordinates": [[[31.1234567, 6], [32, 6]]]},
                    properties={"troops": 200, "name": "not this one"},
                ),
            )

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, {"always", "closed", "opened", "drawn"}),
            ({"at": "2013-12-15"}, {"always", "closed", "drawn"}),
            ({"at": "2013-12-16"}, {"always", "opened", "drawn"}),
            ({"bbox": "170,-10,-170,10"}, {"opened"}),
        ],
    )
    def test_shows_what_was_there_on_a_day(
        self, world: World, query: dict[str, str], expected: set[str]
    ) -> None:
        response = signed_in(world, person()).get("/v1/layers/un_base", params=query)
        assert response.headers["Content-Type"] == "application/geo+json"
        assert {each["id"] for each in response.json()["features"]} == expected

    def test_a_shape_is_drawn_with_six_decimals_and_its_own_name(self, world: World) -> None:
        page = signed_in(world, person()).get("/v1/layers/un_base").json()
        (drawn,) = [each for each in page["features"] if each["id"] == "drawn"]
        assert drawn["geometry"]["coordinates"] == [[[31.123457, 6], [32, 6]]]
        assert drawn["properties"]["name"] == "drawn"
        assert drawn["properties"]["troops"] == 200

    def test_are_listed(self, world: World) -> None:
        assert signed_in(world, person()).get("/v1/layers").json() == [
            {"layer": "un_base", "version": 1, "features": 4, "source": "test"}
        ]

    def test_a_layer_that_was_loaded_again_is_shown_anew(self, world: World) -> None:
        client = signed_in(world, person())
        for sha256, name in (("1", "old"), ("2", "new")):
            with world.begin() as connection:
                put_layer(connection, LayerKind.UN_BASE, base(name), sha256=sha256)
            page = client.get("/v1/layers/un_base").json()
            assert [each["id"] for each in page["features"]] == [name]

    def test_an_unchanged_layer_is_not_sent_again(self, world: World) -> None:
        client = signed_in(world, person())
        first = client.get("/v1/layers/un_base", params={"at": "2013-12-16"})
        etag = {"If-None-Match": first.headers["ETag"]}
        again = client.get("/v1/layers/un_base", params={"at": "2013-12-16"}, headers=etag)
        assert (again.status_code, again.content) == (304, b"")
        other = client.get("/v1/layers/un_base", params={"at": "2013-12-15"}, headers=etag)
        assert other.status_code == 200

    @pytest.mark.parametrize("layer", ["rivers", "..", "adm2"])
    def test_what_is_not_loaded_is_a_404(self, world: World, layer: str) -> None:
        assert signed_in(world, person()).get(f"/v1/layers/{layer}").status_code == 404

    @pytest.mark.parametrize("at", ["2013-02-30", "today", "2013-12-16T00:00:00Z"])
    def test_a_day_that_is_none_is_a_400(self, world: World, at: str) -> None:
        response = signed_in(world, person()).get("/v1/layers/un_base", params={"at": at})
        assert response.json()["errors"][0]["parameter"] == "at"


class TestActivity:
    @pytest.fixture(autouse=True)
    def cube(self, world: World) -> None:
        with world.begin() as connection:
            put_counties(connection)
            put_cell(connection, cell(31.5, 6.2), n=3, deaths=4, weight=2_500)
            put_cell(connection, cell(31.5, 6.2), level=1, n=1, deaths=9, weight=1_000)
            # A report at a higher level moved one incident away from here …
            put_cell(connection, cell(31.6, 4.8), adm2=JUBA, day=16056, n=1, deaths=1, weight=100)
            put_cell(
                connection,
                cell(31.6, 4.8),
                adm2=JUBA,
                day=16056,
                level=1,
                n=-1,
                deaths=-1,
                weight=-100,
            )
            # … and one has no place.
            put_cell(connection, 0, adm2="", n=5, deaths=0, weight=0)

    def sums(self, world: World, level: Level, **query: str) -> list[tuple[int, int, float]]:
        client = signed_in(world, person(level=level))
        features = client.get("/v1/activity", params=query).json()["features"]
        found = [each["properties"] for each in features]
        return [(each["incidents"], each["deaths"], each["weight"]) for each in found]

    def test_sums_what_lies_at_or_below_the_viewers_level(self, world: World) -> None:
        assert sorted(self.sums(world, Level.UNCLASSIFIED)) == [(1, 1, 0.1), (3, 4, 2.5)]

    def test_a_higher_level_adds_and_takes_away(self, world: World) -> None:
        assert self.sums(world, Level.CONFIDENTIAL) == [(4, 13, 3.5)]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"datetime": "2013-12-16"}, [(3, 4, 2.5)]),
            ({"datetime": "2013-12-17/.."}, [(1, 1, 0.1)]),
            ({"bbox": "31,4,32,5"}, [(1, 1, 0.1)]),
            ({"event_class": "VIOLENCE"}, []),
        ],
    )
    def test_filters(
        self, world: World, query: dict[str, str], expected: list[tuple[int, int, float]]
    ) -> None:
        assert self.sums(world, Level.UNCLASSIFIED, **query) == expected

    def test_an_area_sees_only_its_own(self, world: World) -> None:
        client = signed_in(world, person(areas=(JUBA,)))
        (feature,) = client.get("/v1/activity").json()["features"]
        lon, lat = feature["geometry"]["coordinates"]
        assert (lon, lat) == pytest.approx((31.6, 4.8), abs=0.1)
        assert h3.get_resolution(feature["id"]) == 5


class TestCodes:
    def test_have_labels_in_both_languages(self, world: World) -> None:
        found = signed_in(world, person()).get("/v1/codes/event_type").json()
        clash = next(each for each in found["items"] if each["code"] == "AC_CLASH")
        assert clash["label"] == {"en": "Armed clash", "fr": "Affrontement armé"}
        assert clash["class"] == "CLASH"
        assert found["fallback"] == "OTHER"

    @pytest.mark.parametrize(
        "name", ["nothing", "..", "Event_Type", "event_type.json", "%2e%2e%2flists"]
    )
    def test_a_list_that_does_not_exist_is_a_404(self, world: World, name: str) -> None:
        assert signed_in(world, person()).get(f"/v1/codes/{name}").status_code == 404


def cell(lon: float, lat: float) -> int:
    """A cell as the cube stores it: a signed 64-bit integer."""
    return int(h3.latlng_to_cell(lat, lon, 5), 16)


def put_cell(
    connection: Connection,
    cell5: int,
    *,
    n: int,
    deaths: int,
    weight: int,
    level: int = 0,
    day: int = 16055,
    adm2: str = BOR,
) -> None:
    connection.execute(
        insert(tables.cube).values(
            adm2=adm2,
            day=day,
            cell5=cell5,
            event_class="CLASH",
            actor_class="STATE",
            level=level,
            incidents=n,
            deaths=deaths,
            civilian_deaths=0,
            weight_milli=weight,
        )
    )
