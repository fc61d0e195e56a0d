"""Reading one's own write: lists wait for the reports that a receipt's token names."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from api.parts import ApiSettings
from schemas import tables
from schemas.receipt_token import write_token
from tests.api.rows import NOON, a_report, an_incident, put_counties, put_incident, put_report
from tests.api.world import World, person, signed_in
from tests.support.box import wait_for

LISTS = ("/v1/incidents", "/v1/flags", "/v1/alerts", "/v1/activity")
NOBODY = "01414a60-5a00-8000-8000-000000000000"
IMPATIENT = ApiSettings(position_patience=timedelta(0))
WITHIN_S = 30.0


def impatient(world: World) -> TestClient:
    return signed_in(world, person(), client=TestClient(world.app(settings=IMPATIENT)))


def put_one(world: World) -> str:
    """Store a report of an incident; return its token."""
    with world.begin() as connection:
        put_counties(connection)
        put_incident(connection, an_incident("root-1"))
        put_report(connection, a_report("root-1"))
        row = connection.execute(select(tables.reports)).one()
    return write_token(row.node, row.position, row.report_id)


@pytest.mark.parametrize("path", LISTS)
def test_what_is_stored_is_waited_for_no_longer(world: World, path: str) -> None:
    token = put_one(world)
    client = impatient(world)
    assert client.get(path, params={"min_position": token}).status_code == 200
    # By its id: it was sent to another node too, whose place nothing is stored under.
    elsewhere = write_token("node-9", 77, token.rpartition(":")[2])
    assert client.get(path, params={"min_position": [token, elsewhere]}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_what_is_not_processed_in_time_is_said(world: World, path: str) -> None:
    token = put_one(world)
    missing = write_token("node-1", 99, NOBODY)
    answer = impatient(world).get(path, params={"min_position": [token, missing]})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    body = answer.json()
    assert body["retryable"]
    assert body["errors"][0]["parameter"] == "min_position"
    assert body["detail"].startswith("1 of the reports")


def test_what_was_set_aside_is_processed(world: World) -> None:
    with world.begin() as connection:
        connection.execute(
            insert(tables.dead_letters).values(
                partition="node-1", position=99, at=NOON, reason="UNKNOWN", value=b"{"
            )
        )
    token = write_token("node-1", 99, NOBODY)
    answer = impatient(world).get("/v1/incidents", params={"min_position": token})
    assert answer.status_code == 200


def test_a_list_waits_until_it_is_there(world: World) -> None:
    token = put_one(world)
    with world.begin() as connection:
        stored = connection.execute(select(tables.reports)).mappings().one()
        connection.execute(tables.reports.delete())
    client = signed_in(world, person())
    answers: list[int] = []

    def ask() -> None:
        answers.append(client.get("/v1/incidents", params={"min_position": token}).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.3)
    assert answers == []
    with world.begin() as connection:
        connection.execute(insert(tables.reports).values(**stored))
    wait_for(lambda: answers == [200], within_s=WITHIN_S, saying=f"answered, not {answers}")
    asking.join()


@pytest.mark.parametrize("token", ["", "node-1:1", "x" * 400, "node-1:0:" + NOBODY, "é:1:x"])
def test_what_is_no_token_is_named(world: World, token: str) -> None:
    answer = impatient(world).get("/v1/incidents", params={"min_position": token})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "min_position"


def test_too_many_are_refused(world: World) -> None:
    tokens = [write_token("node-1", number, NOBODY) for number in range(1, 22)]
    answer = impatient(world).get("/v1/incidents", params={"min_position": tokens})
    assert answer.status_code == 400


def test_who_may_not_read_does_not_wait(world: World) -> None:
    client = TestClient(world.app(settings=IMPATIENT))
    answer = client.get("/v1/incidents", params={"min_position": "x"})
    assert answer.status_code == 401
