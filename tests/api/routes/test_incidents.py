from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert
from starlette.testclient import TestClient

from schemas import tables
from schemas.access import Level
from schemas.incident import Incident
from tests.api.rows import (
    BOR,
    EQUATORIA,
    JONGLEI,
    JUBA,
    NOON,
    a_report,
    an_incident,
    put_counties,
    put_incident,
    put_report,
)
from tests.api.world import World, person, signed_in

Json = dict[str, Any]


def ids(client: TestClient, **query: str) -> list[str]:
    response = client.get("/v1/incidents", params=query)
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["features"]]


def all_pages(client: TestClient, href: str, between: Any = None) -> list[Json]:  # noqa: ANN401 - a callback or nothing
    found: list[Json] = []
    while True:
        page = client.get(href).json()
        found.extend(page["features"])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            return found
        href = following[0]
        if between is not None:
            between()


def redirect(connection: Connection, old_id: str, new_id: str | None) -> None:
    connection.execute(
        insert(tables.redirects).values(old_id=old_id, new_id=new_id, entity="incident", at=NOON)
    )


class TestList:
    def test_is_geojson_with_what_a_map_shows(self, world: World) -> None:
        with world.begin() as connection:
            put_counties(connection)
            put_incident(connection, an_incident("root-1"))
        response = signed_in(world, person()).get("/v1/incidents")
        assert response.headers["Content-Type"] == "application/geo+json"
        page = response.json()
        assert (page["type"], page["numberReturned"], page["links"]) == ("FeatureCollection", 1, [])
        (feature,) = page["features"]
        assert feature["geometry"] == {"type": "Point", "coordinates": [31.559, 6.209]}
        assert feature["properties"] == {
            "event_type": "AC_CLASH",
            "event_class": "CLASH",
            "label": "Armed clash",
            "occurred_start": "2013-12-16T12:00:00Z",
            "day": 16055,
            "severity": 3,
            "radius_m": 1000.0,
            "precision": "P3",
            "adm1": JONGLEI,
            "adm2": BOR,
            "adm2_name": "Bor South",
            "actor_class": "STATE",
            "n_reports": 1,
            "n_independent": 1,
            "killed_best": 2,
            "civilians_killed_best": 1,
            "revision": 1,
            "exercise": False,
            "illustrative": False,
            "retracted": False,
        }

    def test_an_unplaced_incident_has_no_geometry(self, world: World) -> None:
        with world.begin() as connection:
            put_incident(connection, an_incident("root-1", lon=None, lat=None))
        (feature,) = signed_in(world, person()).get("/v1/incidents").json()["features"]
        assert feature["geometry"] is None

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, {"a", "b", "c"}),
            ({"bbox": "31,6,32,7"}, {"a"}),
            ({"bbox": "170,-10,-170,10"}, {"b"}),
            ({"bbox": "-10,-10,10,10"}, set()),
            ({"event_type": "AC_CLASH"}, {"a"}),
            ({"event_type": "AC_CLASH,RAID_CATTLE"}, {"a", "b"}),
            ({"event_class": "VIOLENCE"}, {"b", "c"}),
            ({"min_severity": "4"}, {"b"}),
            ({"datetime": "2013-12-16T12:00:00Z"}, {"a"}),
            ({"datetime": "2013-12-16"}, {"a"}),
            ({"datetime": "2013-12-17/.."}, {"b", "c"}),
            ({"datetime": "../2013-12-17T12:00:00Z"}, {"a", "b"}),
            ({"datetime": "2013-12-16T12:00:01Z/2013-12-17T11:59:59Z"}, set()),
        ],
    )
    def test_filters(self, world: World, query: dict[str, str], expected: set[str]) -> None:
        given = {
            "a": an_incident("root-a"),
            "b": an_incident(
                "root-b",
                at=NOON + timedelta(days=1),
                lon=179.5,
                lat=0.0,
                event_type="RAID_CATTLE",
                event_class="VIOLENCE",
                severity=4,
            ),
            "c": an_incident(
                "root-c",
                at=NOON + timedelta(days=2),
                lon=None,
                lat=None,
                event_type="KILLING",
                event_class="VIOLENCE",
            ),
        }
        with world.begin() as connection:
            for each in given.values():
                put_incident(connection, each)
        found = ids(signed_in(world, person()), **query)
        assert set(found) == {given[name].incident_id for name in expected}

    def test_what_was_taken_back_is_left_out(self, world: World) -> None:
        with world.begin() as connection:
            put_incident(connection, an_incident("root-1", retracted=True))
        assert ids(signed_in(world, person())) == []

    def test_newest_comes_first(self, world: World) -> None:
        hours = [5, -30, 0, 40, -2]
        with world.begin() as connection:
            for number, hour in enumerate(hours):
                at = NOON + timedelta(hours=hour)
                put_incident(connection, an_incident(f"root-{number}", at=at))
        features = signed_in(world, person()).get("/v1/incidents").json()["features"]
        times = [each["properties"]["occurred_start"] for each in features]
        assert times == sorted(times, reverse=True)

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ({"bbox": "1,2,3"}, "bbox"),
            ({"datetime": "soon"}, "datetime"),
            ({"limit": "0"}, "limit"),
            ({"limit": "10001"}, "limit"),
            ({"limit": "many"}, "limit"),
            ({"min_severity": "6"}, "min_severity"),
            ({"cursor": "garbage"}, "cursor"),
            ({"colour": "red"}, "colour"),
            ({"event_type": "a b"}, "event_type"),
        ],
    )
    def test_a_bad_parameter_is_a_400_that_names_it(
        self, world: World, query: dict[str, str], name: str
    ) -> None:
        response = signed_in(world, person()).get("/v1/incidents", params=query)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/problem+json"
        (error,) = response.json()["errors"]
        assert (error["parameter"], error["pointer"]) == (name, f"#/query/{name}")


class TestPaging:
    def test_pages_hold_everything_once_and_keep_the_question(self, world: World) -> None:
        with world.begin() as connection:
            for number in range(23):
                at = NOON + timedelta(hours=7 * number)
                put_incident(connection, an_incident(f"root-{number}", at=at, severity=4))
            put_incident(connection, an_incident("root-mild", severity=1))
        client = signed_in(world, person())
        found = [each["id"] for each in all_pages(client, "/v1/incidents?limit=5&min_severity=4")]
        assert len(found) == len(set(found)) == 23

    def test_the_last_page_has_no_next_link_even_when_it_is_full(self, world: World) -> None:
        with world.begin() as connection:
            for number in range(4):
                put_incident(connection, an_incident(f"root-{number}"))
        client = signed_in(world, person())
        assert len(all_pages(client, "/v1/incidents?limit=2")) == 4
        assert client.get("/v1/incidents?limit=4").json()["links"] == []

    def test_what_was_there_comes_exactly_once_while_rows_are_added_and_revised(
        self, world: World
    ) -> None:
        before = [
            an_incident(f"root-{number}", at=NOON + timedelta(hours=5 * number))
            for number in range(60)
        ]
        with world.begin() as connection:
            for each in before:
                put_incident(connection, each)
        added = iter(range(10_000))

        def change() -> None:
            with world.begin() as connection:
                for _ in range(40):
                    number = next(added)
                    at = NOON + timedelta(hours=(number * 7) % 320)
                    put_incident(connection, an_incident(f"new-{number}", at=at))
                for each in before:
                    # As a late report would: earlier on the same day, and one revision on.
                    again = {"occurred_start": each.occurred_start - timedelta(minutes=30)}
                    put_incident(connection, each.model_copy(update=again | {"revision": 2}))

        client = signed_in(world, person())
        found = [each["id"] for each in all_pages(client, "/v1/incidents?limit=9", change)]
        assert len(found) == len(set(found))
        assert {each.incident_id for each in before} <= set(found)


class TestOne:
    def test_has_everything_and_its_reports(self, world: World) -> None:
        with world.begin() as connection:
            incident = an_incident("root-1", members=(("root-1", 2), ("root-2", 1)))
            put_incident(connection, incident)
            old = a_report("root-1", text="as first heard")
            put_report(connection, old, incident=incident.incident_id, current=False)
            source = {"reliability": "B", "credibility": "2", "ref": "informant-7"}
            new = a_report("root-1", revision=2, text="as corrected", source=source)
            put_report(connection, new, incident=incident.incident_id)
            put_report(connection, a_report("root-2"), incident=incident.incident_id)
            put_report(connection, a_report("root-3"))
        response = signed_in(world, person()).get(f"/v1/incidents/{incident.incident_id}")
        properties = response.json()["properties"]
        assert properties["incident_id"] == incident.incident_id
        assert properties["victims"]["killed_best"] == 2
        members = properties["members"]
        assert [(each["root_id"], each["revision"]) for each in members] == [
            ("root-1", 2),
            ("root-2", 1),
        ]
        assert members[0]["text"] == "as corrected"
        assert members[0]["source"] == {
            "type": "FIRST_HAND",
            "reliability": "B",
            "credibility": "2",
        }
        assert "informant-7" not in response.text

    @pytest.mark.parametrize(
        "incident_id",
        ["0142f8b3-c400-8054-b118-35cf93a0c0b7", "x", "0", "..%2f", "%00", "' OR 1=1 --"],
    )
    def test_what_is_missing_is_a_404(self, world: World, incident_id: str) -> None:
        response = signed_in(world, person()).get(f"/v1/incidents/{incident_id}")
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"

    def test_hidden_and_missing_are_answered_alike(self, world: World) -> None:
        with world.begin() as connection:
            hidden = put_incident(connection, an_incident("root-1", level=2, min_level=2))
        client = signed_in(world, person(level=Level.CONFIDENTIAL))
        missing = an_incident("root-2").incident_id
        answers = [client.get(f"/v1/incidents/{each}") for each in (hidden, missing)]
        assert answers[0].status_code == answers[1].status_code == 404
        assert answers[0].content == answers[1].content


class TestOldId:
    def test_points_on_to_where_it_went(self, world: World) -> None:
        with world.begin() as connection:
            new = put_incident(connection, an_incident("root-1"))
            older, old = (an_incident(root).incident_id for root in ("root-3", "root-2"))
            redirect(connection, older, old)
            redirect(connection, old, new)
        client = signed_in(world, person())
        response = client.get(f"/v1/incidents/{older}", follow_redirects=False)
        assert response.status_code == 308
        assert response.headers["Location"] == f"/v1/incidents/{new}"

    def test_leads_nowhere_when_the_new_one_is_hidden_or_gone_or_in_a_ring(
        self, world: World
    ) -> None:
        roots = ("root-2", "root-3", "root-4", "root-5")
        first, second, third, fourth = (an_incident(root).incident_id for root in roots)
        with world.begin() as connection:
            hidden = put_incident(connection, an_incident("root-1", level=1, min_level=1))
            redirect(connection, first, hidden)
            redirect(connection, second, None)
            redirect(connection, third, fourth)
            redirect(connection, fourth, third)
        client = signed_in(world, person())
        for each in (first, second, third):
            assert client.get(f"/v1/incidents/{each}").status_code == 404


class TestLowerView:
    """An incident with a report at a higher level: others see what is left without it."""

    @pytest.fixture
    def both(self, world: World) -> tuple[Incident, Incident]:
        whole = an_incident(
            "root-1",
            event_type="RAPE_SECRET",
            severity=5,
            lon=33.0,
            lat=9.0,
            level=1,
            min_level=0,
            revision=4,
            members=(("root-1", 1), ("root-2", 1)),
            occurred_start=NOON - timedelta(hours=3),
        )
        view = an_incident("root-1", severity=2)
        with world.begin() as connection:
            put_incident(connection, whole, views={0: view})
            put_report(connection, a_report("root-1", text="seen by all"))
            put_report(connection, a_report("root-2", text="told in confidence"), level=1)
        return whole, view

    def test_is_what_the_list_and_the_detail_show(
        self, world: World, both: tuple[Incident, Incident]
    ) -> None:
        client = signed_in(world, person())
        (feature,) = client.get("/v1/incidents").json()["features"]
        assert feature["properties"]["event_type"] == "AC_CLASH"
        assert feature["properties"]["revision"] == 4
        detail = client.get(f"/v1/incidents/{both[0].incident_id}")
        assert detail.json()["properties"]["severity"] == 2
        assert "SECRET" not in detail.text
        assert "told in confidence" not in detail.text

    def test_is_the_whole_for_who_may_see_it(
        self, world: World, both: tuple[Incident, Incident]
    ) -> None:
        client = signed_in(world, person(level=Level.CONFIDENTIAL))
        detail = client.get(f"/v1/incidents/{both[0].incident_id}").json()["properties"]
        assert detail["event_type"] == "RAPE_SECRET"
        assert [each["text"] for each in detail["members"]] == ["seen by all", "told in confidence"]

    @pytest.mark.parametrize(
        "query",
        [
            {"min_severity": "5"},
            {"event_type": "RAPE_SECRET"},
            {"bbox": "32.9,8.9,33.1,9.1"},
            {"datetime": "2013-12-16T08:00:00Z/2013-12-16T10:00:00Z"},
        ],
    )
    def test_cannot_be_asked_for_by_what_it_hides(
        self, world: World, both: tuple[Incident, Incident], query: dict[str, str]
    ) -> None:
        assert ids(signed_in(world, person("low")), **query) == []
        high = signed_in(world, person("high", level=Level.CONFIDENTIAL))
        assert ids(high, **query) == [both[0].incident_id]

    @pytest.mark.parametrize(
        "query",
        [
            {"event_type": "AC_CLASH"},
            {"bbox": "31,6,32,7"},
            {"datetime": "2013-12-16T11:00:00Z/2013-12-16T13:00:00Z"},
        ],
    )
    def test_can_be_asked_for_by_what_it_shows(
        self, world: World, both: tuple[Incident, Incident], query: dict[str, str]
    ) -> None:
        assert ids(signed_in(world, person("low")), **query) == [both[0].incident_id]
        high = signed_in(world, person("high", level=Level.CONFIDENTIAL))
        assert ids(high, **query) == []

    def test_a_view_in_another_county_is_not_shown_to_this_ones_people(self, world: World) -> None:
        whole = an_incident("root-9", level=1, min_level=0)
        view = an_incident("root-9", adm1=EQUATORIA, adm2=JUBA)
        with world.begin() as connection:
            connection.execute(delete(tables.incidents))
            put_incident(connection, whole, views={0: view})
        assert ids(signed_in(world, person(areas=(BOR,)))) == []
