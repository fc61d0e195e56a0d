from collections import Counter

import pytest
from sqlalchemy import insert, select, update
from starlette.testclient import TestClient

from api.parts import ApiSettings
from api.tokens import token_sha256
from schemas import tables
from tests.api.world import PASSWORD, World, person, signed_in


def sign_in(client: TestClient, user_id: str, password: str = PASSWORD, **headers: str) -> int:
    body = {"user_id": user_id, "password": password}
    return int(client.post("/v1/sign-in", json=body, headers=headers).status_code)


def audit(world: World) -> list[tuple[str, str]]:
    with world.read() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.audit_id))
        return [(row.who, row.what) for row in rows]


class TestCookie:
    def test_on_http_it_is_closed_to_scripts_and_other_sites(self, world: World) -> None:
        world.add_user(person("dot"))
        response = TestClient(world.app()).post(
            "/v1/sign-in", json={"user_id": "dot", "password": PASSWORD}
        )
        name, *flags = response.headers["Set-Cookie"].split("; ")
        assert name.startswith("tocsin=")
        assert {each.lower() for each in flags} == {
            "httponly",
            "samesite=lax",
            "path=/",
            "max-age=43200",
        }

    def test_on_https_it_is_bound_to_the_host_as_well(self, world: World) -> None:
        world.add_user(person("dot"))
        app = world.app(settings=ApiSettings(public_url="https://tocsin.example.org"))
        client = TestClient(app, base_url="https://tocsin.example.org")
        response = client.post("/v1/sign-in", json={"user_id": "dot", "password": PASSWORD})
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-tocsin=")
        assert "Secure" in cookie
        assert "Domain" not in cookie
        assert client.get("/v1/me").status_code == 200

    def test_the_database_holds_only_its_hash(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        token = client.cookies["tocsin"]
        with world.read() as connection:
            stored = connection.execute(select(tables.sessions.c.session_sha256)).scalar_one()
        assert stored == token_sha256(token)
        assert len(token) == 43


class TestSession:
    def test_a_new_sign_in_rotates_it(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        old = client.cookies["tocsin"]
        assert sign_in(client, "dot") == 204
        assert client.cookies["tocsin"] != old
        assert TestClient(client.app, cookies={"tocsin": old}).get("/v1/me").status_code == 401

    def test_a_planted_one_stays_worthless(self, world: World) -> None:
        world.add_user(person("dot"))
        client = TestClient(world.app(), cookies={"tocsin": "planted"})
        assert sign_in(client, "dot") == 204
        planted = TestClient(client.app, cookies={"tocsin": "planted"})
        assert planted.get("/v1/me").status_code == 401

    def test_ends_after_its_lifetime(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        world.clock.move(hours=11, minutes=59)
        assert client.get("/v1/me").status_code == 200
        world.clock.move(minutes=1)
        assert client.get("/v1/me").status_code == 401

    def test_ends_when_its_person_is_disabled(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        with world.begin() as connection:
            connection.execute(update(tables.users).values(disabled_at=world.clock.now()))
        assert client.get("/v1/me").status_code == 401

    def test_ends_at_sign_out(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        token = client.cookies["tocsin"]
        response = client.post("/v1/sign-out", json={})
        assert response.status_code == 204
        assert "Max-Age=0" in response.headers["Set-Cookie"]
        assert TestClient(client.app, cookies={"tocsin": token}).get("/v1/me").status_code == 401


class TestCsrf:
    @pytest.mark.parametrize("token", [None, "", "wrong", "ÿ"])
    def test_a_write_without_the_sessions_token_is_refused(
        self, world: World, token: str | None
    ) -> None:
        client = signed_in(world, person("dot"))
        del client.headers["X-CSRF-Token"]
        headers = {} if token is None else {b"X-CSRF-Token": token.encode("latin-1")}
        response = client.post("/v1/sign-out", json={}, headers=headers)
        assert response.status_code == 403
        assert client.get("/v1/me").status_code == 200

    def test_the_token_of_another_session_is_refused(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        other = signed_in(world, person("eve"))
        client.headers["X-CSRF-Token"] = other.headers["X-CSRF-Token"]
        assert client.post("/v1/sign-out", json={}).status_code == 403

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_a_write_that_another_sites_page_sends_is_refused(
        self, world: World, site: str
    ) -> None:
        client = signed_in(world, person("dot"))
        headers = {"Sec-Fetch-Site": site}
        assert client.post("/v1/sign-out", json={}, headers=headers).status_code == 403
        anonymous = TestClient(client.app)
        assert sign_in(anonymous, "dot", **{"Sec-Fetch-Site": site}) == 403

    def test_a_form_of_another_site_cannot_sign_somebody_in(self, world: World) -> None:
        world.add_user(person("dot"))
        response = TestClient(world.app()).post(
            "/v1/sign-in",
            content=b'{"user_id":"dot","password":"x"}',
            headers={"Content-Type": "text/plain"},
        )
        assert response.status_code == 415


class TestRefusal:
    def test_is_the_same_for_a_wrong_password_and_an_unknown_person(self, world: World) -> None:
        world.add_user(person("dot"))
        client = TestClient(world.app())
        wrong = client.post("/v1/sign-in", json={"user_id": "dot", "password": "x" * 12})
        unknown = client.post("/v1/sign-in", json={"user_id": "eve", "password": "x" * 12})
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.content == unknown.content
        assert "Set-Cookie" not in wrong.headers

    def test_an_account_without_a_password_has_none_that_fits(self, world: World) -> None:
        world.add_user(person("dot"))
        with world.begin() as connection:
            connection.execute(update(tables.users).values(password_hash=None))
        assert sign_in(TestClient(world.app()), "dot", "anything") == 401

    def test_five_tries_a_minute_then_wait(self, world: World) -> None:
        world.add_user(person("dot"))
        client = TestClient(world.app())
        answers = Counter(sign_in(client, "dot", "wrong") for _ in range(7))
        assert answers == {401: 5, 429: 2}
        response = client.post("/v1/sign-in", json={"user_id": "dot", "password": PASSWORD})
        assert response.headers["Retry-After"] == "60"
        world.clock.move(seconds=60)
        assert sign_in(client, "dot") == 204

    def test_one_person_does_not_wait_for_another(self, world: World) -> None:
        world.add_user(person("dot"))
        client = TestClient(world.app())
        for _ in range(6):
            sign_in(client, "eve", "wrong")
        assert sign_in(client, "dot") == 204

    def test_an_address_that_tries_many_people_waits_too(self, world: World) -> None:
        client = TestClient(world.app())
        answers = Counter(sign_in(client, f"user-{n}", "wrong") for n in range(32))
        assert answers == {401: 30, 429: 2}

    def test_a_large_body_is_refused_before_it_is_read_whole(self, world: World) -> None:
        client = TestClient(world.app())
        body = b'{"user_id": "' + b"x" * 70_000 + b'"}'
        headers = {"Content-Type": "application/json"}
        assert client.post("/v1/sign-in", content=body, headers=headers).status_code == 413


class TestAudit:
    def test_tells_of_sign_ins_failures_and_sign_outs(self, world: World) -> None:
        client = signed_in(world, person("dot"))
        client.post("/v1/sign-out", json={})
        sign_in(client, "dot", "wrong password")
        assert audit(world) == [
            ("test", "user_created"),
            ("dot", "signed_in"),
            ("dot", "signed_out"),
            ("dot", "sign_in_failed"),
        ]

    def test_holds_no_password_not_even_one_typed_as_a_name(self, world: World) -> None:
        sign_in(TestClient(world.app()), "hunter2-hunter2", "wrong password")
        with world.read() as connection:
            text = repr(connection.execute(select(tables.audit)).all())
        assert "hunter2" not in text
        assert "wrong password" not in text


def test_me_tells_the_mission_and_its_time(world: World) -> None:
    me = signed_in(world, person("dot")).get("/v1/me").json()
    assert me["user_id"] == "dot"
    assert me["mission"]["now"] == "2013-12-16T12:00:00Z"
    assert me["mission"]["replay"] is True
    assert me["mission"]["area"] == {"west": 24, "south": 3, "east": 36, "north": 13}
    assert "United Nations" in me["mission"]["disclaimer"]


def test_a_person_without_roles_is_signed_in_but_may_nothing(world: World) -> None:
    world.add_user(person("dot"))
    with world.begin() as connection:
        connection.execute(update(tables.users).values(roles=""))
    client = TestClient(world.app())
    assert sign_in(client, "dot") == 204
    assert client.get("/v1/me").status_code == 403
    assert client.get("/v1/incidents").status_code == 403


def test_a_session_of_nobody_is_no_session(world: World) -> None:
    with world.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE sessions DROP CONSTRAINT fk_sessions_user_id")
        connection.execute(
            insert(tables.sessions).values(
                session_sha256=token_sha256("stray"),
                user_id="gone",
                csrf="c",
                created_at=world.clock.now(),
                expires_at=world.clock.now(),
            )
        )
    client = TestClient(world.app(), cookies={"tocsin": "stray"})
    assert client.get("/v1/me").status_code == 401
