from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from starlette.testclient import TestClient

from api.accounts import create_user, issue_link
from api.passwords import MIN_CHARACTERS
from schemas import tables
from schemas.access import Level, Role
from schemas.errors import ConflictError, NotFoundError
from tests.api.rows import BOR
from tests.api.world import PASSWORD, World, person

NEW = "n" * MIN_CHARACTERS


def redeem(client: TestClient, token: str, password: str = NEW) -> int:
    response = client.post("/v1/sign-in/link", json={"token": token, "password": password})
    return int(response.status_code)


def test_a_person_is_stored_as_given(world: World) -> None:
    who = person("dot", Role.COMMANDER, Role.ADMIN, level=Level.CONFIDENTIAL, areas=(BOR,))
    with world.begin() as connection:
        create_user(connection, who, by="cli", now=world.clock.now())
    client = TestClient(world.app())
    assert redeem(client, world.link("dot")) == 204
    me = client.get("/v1/me").json()
    assert (me["name"], me["level"], me["areas"]) == ("Dot", 1, [BOR])
    assert me["roles"] == ["commander", "admin"]


def test_a_user_id_is_taken_for_ever(world: World) -> None:
    world.add_user(person("dot"))
    with world.begin() as connection:
        connection.execute(update(tables.users).values(disabled_at=world.clock.now()))
    with world.begin() as connection, pytest.raises(ConflictError):
        create_user(connection, person("dot"), by="cli", now=world.clock.now())


def test_a_link_is_for_someone_who_exists(world: World) -> None:
    with world.begin() as connection, pytest.raises(NotFoundError):
        issue_link(connection, "nobody", by="cli", now=world.clock.now())


def test_only_the_hash_of_a_link_is_stored(world: World) -> None:
    world.add_user(person("dot"))
    token = world.link("dot")
    with world.read() as connection:
        rows = connection.execute(select(tables.sign_in_links)).all()
        lines = connection.execute(select(tables.audit)).all()
    assert token not in repr(rows)
    assert token not in repr(lines)


def test_a_link_works_once(world: World) -> None:
    world.add_user(person("dot"))
    token = world.link("dot")
    assert redeem(TestClient(world.app()), token) == 204
    assert redeem(TestClient(world.app()), token) == 401


def test_a_link_ends_after_a_day(world: World) -> None:
    world.add_user(person("dot"))
    token = world.link("dot")
    world.clock.move(hours=24)
    assert redeem(TestClient(world.app()), token) == 401


def test_a_newer_link_ends_the_older(world: World) -> None:
    world.add_user(person("dot"))
    older, newer = world.link("dot"), world.link("dot")
    assert redeem(TestClient(world.app()), older) == 401
    assert redeem(TestClient(world.app()), newer) == 204


@pytest.mark.parametrize("token", ["x", "x" * 200, "ünïcode"])
def test_an_unknown_link_is_refused(world: World, token: str) -> None:
    assert redeem(TestClient(world.app()), token) == 401


def test_a_short_password_does_not_use_the_link_up(world: World) -> None:
    world.add_user(person("dot"))
    token = world.link("dot")
    client = TestClient(world.app())
    assert redeem(client, token, "n" * (MIN_CHARACTERS - 1)) == 422
    assert redeem(client, token) == 204


def test_a_link_of_someone_disabled_is_refused(world: World) -> None:
    world.add_user(person("dot"))
    token = world.link("dot")
    with world.begin() as connection:
        connection.execute(update(tables.users).values(disabled_at=world.clock.now()))
    assert redeem(TestClient(world.app()), token) == 401


def test_a_new_password_ends_the_sessions_of_the_old_one(world: World) -> None:
    world.add_user(person("dot"))
    app = world.app()
    old = TestClient(app)
    assert old.post("/v1/sign-in", json={"user_id": "dot", "password": PASSWORD}).status_code == 204
    assert redeem(TestClient(app), world.link("dot")) == 204
    assert old.get("/v1/me").status_code == 401
    again = {"user_id": "dot", "password": PASSWORD}
    assert TestClient(app).post("/v1/sign-in", json=again).status_code == 401


def test_sessions_that_are_over_are_swept_at_the_next_sign_in(world: World) -> None:
    world.add_user(person("dot"))
    gone = world.clock.now() - timedelta(seconds=1)
    with world.begin() as connection:
        connection.execute(
            insert(tables.sessions).values(
                session_sha256="0" * 64, user_id="dot", csrf="c", created_at=gone, expires_at=gone
            )
        )
    client = TestClient(world.app())
    client.post("/v1/sign-in", json={"user_id": "dot", "password": PASSWORD})
    with world.read() as connection:
        assert len(connection.execute(select(tables.sessions)).all()) == 1
