from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from starlette.testclient import TestClient

from schemas import tables
from schemas.access import Level
from schemas.alert import AlertState, Transition, TransitionKind
from schemas.flag import Evidence, FlagState
from tests.api.rows import (
    NOON,
    a_flag,
    an_alert,
    an_incident,
    put_alert,
    put_flag,
    put_incident,
    put_transition,
)
from tests.api.world import World, person, signed_in

Json = dict[str, Any]


def raised(connection: Connection, number: int = 87, **changes: object) -> str:
    alert = an_alert(number, **changes)  # type: ignore[arg-type]  # `at` among them
    put_transition(
        connection,
        Transition(
            alert_id=alert.alert_id,
            seq=1,
            kind=TransitionKind.RAISED,
            at=NOON,
            by="tocsin",
            from_state=None,
            to_state=AlertState.RAISED,
            priority=alert.priority,
        ),
    )
    return put_alert(connection, alert)


def told(connection: Connection, alert_id: str, endpoint_id: str = "joc", seq: int = 1) -> None:
    known = select(tables.endpoints).where(tables.endpoints.c.endpoint_id == endpoint_id)
    if connection.execute(known).first() is None:
        connection.execute(
            insert(tables.endpoints).values(
                endpoint_id=endpoint_id, body=b"{}", secret_sealed=b"", created_at=NOON
            )
        )
    connection.execute(
        insert(tables.deliveries).values(
            endpoint_id=endpoint_id,
            alert_id=alert_id,
            seq=seq,
            state="DELIVERED",
            priority=4,
            attempts=2,
            next_attempt_at=0.0,
            last_status=204,
            created_at=NOON,
            delivered_at=NOON + timedelta(seconds=1),
            payload=b"{}",
        )
    )


def act(client: TestClient, alert_id: str, to_state: str, seq: int, **more: str) -> Any:  # noqa: ANN401 - the client's response
    body = {"to_state": to_state, "seq": seq} | more
    return client.post(f"/v1/alerts/{alert_id}/transitions", json=body)


class TestInbox:
    @pytest.fixture
    def alerts(self, world: World) -> dict[str, str]:
        with world.begin() as connection:
            found = {
                "open": raised(connection, 1),
                "done": raised(connection, 2, state=AlertState.RESOLVED, priority=2),
                "later": raised(connection, 3, at=NOON + timedelta(days=1), lon=179.9, lat=0.0),
            }
            put_flag(connection, a_flag("R01|x|STATE"), alert=found["open"])
            put_flag(connection, a_flag("R03|x|ANY"), alert=found["later"])
            withdrawn = a_flag("R08|x|ANY", state=FlagState.WITHDRAWN)
            put_flag(connection, withdrawn, alert=found["later"])
        return found

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["later", "open"]),
            ({"state": "open"}, ["later", "open"]),
            ({"state": "all"}, ["later", "done", "open"]),
            ({"state": "RESOLVED"}, ["done"]),
            ({"state": "all", "min_priority": "3"}, ["later", "open"]),
            ({"kind": "R01"}, ["open"]),
            ({"kind": "R01,R03"}, ["later", "open"]),
            ({"kind": "R08"}, []),
            ({"bbox": "170,-10,-170,10"}, ["later"]),
            ({"datetime": "2013-12-16"}, ["open"]),
        ],
    )
    def test_filters_newest_first(
        self, world: World, alerts: dict[str, str], query: dict[str, str], expected: list[str]
    ) -> None:
        page = signed_in(world, person()).get("/v1/alerts", params=query).json()
        found = [each["id"] for each in page["features"]]
        assert found == [alerts[name] for name in expected]

    def test_pages_hold_everything_once_while_alerts_are_added(self, world: World) -> None:
        with world.begin() as connection:
            before = {raised(connection, n, at=NOON + timedelta(days=n % 3)) for n in range(20)}
        client = signed_in(world, person())
        found: list[str] = []
        href, number = "/v1/alerts?limit=3", 100
        while href:
            page = client.get(href).json()
            found += [each["id"] for each in page["features"]]
            href = next((each["href"] for each in page["links"]), "")
            with world.begin() as connection:
                raised(connection, number, at=NOON + timedelta(days=number % 3))
            number += 1
        assert len(found) == len(set(found))
        assert before <= set(found)

    def test_a_cursor_of_another_list_is_a_400(self, world: World) -> None:
        client = signed_in(world, person())
        for cursor in ("W10", "garbage!", "WyJ4Il0"):
            response = client.get("/v1/alerts", params={"cursor": cursor})
            assert response.status_code == 400
            assert response.json()["errors"][0]["parameter"] == "cursor"


class TestDetail:
    def test_has_the_reasons_the_ledger_and_who_was_told(self, world: World) -> None:
        incident = an_incident("root-1")
        evidence = (Evidence(incident_id=incident.incident_id, reports=(("root-1", 1),)),)
        with world.begin() as connection:
            put_incident(connection, incident)
            alert_id = raised(connection)
            put_flag(connection, a_flag(evidence=evidence), alert=alert_id)
            told(connection, alert_id)
        found = signed_in(world, person()).get(f"/v1/alerts/{alert_id}").json()
        assert found["alert"]["headline"] == "Violence near the Bor protection site"
        assert [each["rule_id"] for each in found["flags"]] == ["R01"]
        assert [each["kind"] for each in found["transitions"]] == ["raised"]
        assert [each["id"] for each in found["incidents"]] == [incident.incident_id]
        assert found["incidents"][0]["properties"]["label"] == "Armed clash"
        assert found["deliveries"] == [
            {
                "endpoint_id": "joc",
                "alert_id": alert_id,
                "seq": 1,
                "state": "DELIVERED",
                "attempts": 2,
                "last_status": 204,
                "last_error": None,
                "created_at": "2013-12-16T12:00:00Z",
                "delivered_at": "2013-12-16T12:00:01Z",
            }
        ]
        assert found["allowed"][0] == "ACKNOWLEDGED"

    def test_one_that_was_replaced_stays_readable_and_points_on(self, world: World) -> None:
        with world.begin() as connection:
            new = raised(connection, 88)
            old = raised(connection, 87, state=AlertState.WITHDRAWN, replaced_by=new)
        answer = signed_in(world, person()).get(f"/v1/alerts/{old}").json()
        assert answer["alert"]["replaced_by"] == new
        assert answer["allowed"] == []

    def test_nothing_is_allowed_when_it_is_over(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection, state=AlertState.RESOLVED)
        found = signed_in(world, person()).get(f"/v1/alerts/{alert_id}").json()
        assert found["allowed"] == []

    def test_evidence_above_the_viewer_is_left_out(self, world: World) -> None:
        hidden = an_incident("root-1", level=1, min_level=1)
        with world.begin() as connection:
            put_incident(connection, hidden)
            alert_id = raised(connection)
            put_flag(connection, a_flag("R01|x|ANY", level=1), alert=alert_id)
        client = signed_in(world, person())
        response = client.get(f"/v1/alerts/{alert_id}")
        assert response.json()["flags"] == []
        assert hidden.incident_id not in response.text


class TestAnswer:
    def test_a_step_returns_the_alert_and_is_written_down(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection)
        client = signed_in(world, person("dot"))
        response = act(client, alert_id, "ACKNOWLEDGED", 1)
        assert response.status_code == 200
        assert (response.json()["state"], response.json()["seq"]) == ("ACKNOWLEDGED", 2)
        with world.read() as connection:
            line = connection.execute(
                select(tables.audit).where(tables.audit.c.what == "alert_answered")
            ).one()
        assert (line.who, line.subject, line.detail) == ("dot", alert_id, "ACKNOWLEDGED as 2")

    def test_of_two_with_the_same_seq_one_is_a_409(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection)
        client = signed_in(world, person())
        assert act(client, alert_id, "ACKNOWLEDGED", 1).status_code == 200
        late = act(client, alert_id, "RESOLVED", 1)
        assert late.status_code == 409
        assert late.json()["code"] == "CONFLICT"

    def test_a_step_that_does_not_exist_from_here_is_a_409(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection, state=AlertState.RESOLVED)
        assert act(signed_in(world, person()), alert_id, "ACKNOWLEDGED", 1).status_code == 409

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"to_state": "ACKNOWLEDGED"}, "#/seq"),
            ({"to_state": "SOLVED", "seq": 1}, "#/to_state"),
            ({"to_state": "RESOLVED", "seq": 1, "note": "x" * 10_001}, "#/note"),
            ({"to_state": "RESOLVED", "seq": 1, "by": "eve"}, "#/by"),
        ],
    )
    def test_a_body_that_is_not_as_asked_for_is_a_422(
        self, world: World, body: Json, pointer: str
    ) -> None:
        with world.begin() as connection:
            alert_id = raised(connection)
        client = signed_in(world, person())
        response = client.post(f"/v1/alerts/{alert_id}/transitions", json=body)
        assert response.status_code == 422
        assert [each["pointer"] for each in response.json()["errors"]] == [pointer]

    def test_a_hidden_alert_cannot_be_answered(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection, level=2)
        client = signed_in(world, person(level=Level.CONFIDENTIAL))
        assert act(client, alert_id, "ACKNOWLEDGED", 1).status_code == 404
        with world.read() as connection:
            assert connection.execute(select(tables.alerts.c.seq)).scalar_one() == 1

    def test_without_the_csrf_token_nothing_happens(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection)
        client = signed_in(world, person())
        del client.headers["X-CSRF-Token"]
        assert act(client, alert_id, "ACKNOWLEDGED", 1).status_code == 403
        with world.read() as connection:
            assert connection.execute(select(tables.alerts.c.seq)).scalar_one() == 1


class TestDeliveries:
    def test_newest_first_by_endpoint_and_state(self, world: World) -> None:
        with world.begin() as connection:
            alert_id = raised(connection)
            told(connection, alert_id, "joc", 1)
            told(connection, alert_id, "hq", 1)
        client = signed_in(world, person())
        rows = client.get("/v1/deliveries", params={"endpoint_id": "hq"}).json()["deliveries"]
        assert [each["endpoint_id"] for each in rows] == ["hq"]
        failed = client.get("/v1/deliveries", params={"state": "FAILED"}).json()["deliveries"]
        assert failed == []

    def test_of_a_hidden_alert_are_hidden(self, world: World) -> None:
        with world.begin() as connection:
            told(connection, raised(connection, level=1))
        assert signed_in(world, person()).get("/v1/deliveries").json()["deliveries"] == []
