"""The service as a whole: every route is guarded, and every error is a problem."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import delete
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import ROUTES
from api.routing import RouteSpec
from api.security import Public, Require
from schemas import tables
from schemas.access import PERMISSIONS, Level, Permission, Principal, Role
from tests.api.rows import (
    a_flag,
    an_alert,
    an_incident,
    put_alert,
    put_counties,
    put_flag,
    put_incident,
)
from tests.api.world import World, person, signed_in

ALERT, FLAG, INCIDENT = an_alert().alert_id, a_flag().flag_id, an_incident("root-1").incident_id
OPEN_TO_EVERYONE = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("POST", "/v1/csp-reports"),
    ("POST", "/v1/sign-in"),
    ("POST", "/v1/sign-in/link"),
}
NEEDS: dict[tuple[str, str], set[Permission]] = {
    ("GET", "/v1/me"): {Permission.PUBLIC},
    ("POST", "/v1/sign-out"): {Permission.PUBLIC},
    ("GET", "/v1/codes/{name}"): {Permission.PUBLIC},
    ("GET", "/v1/incidents"): {Permission.READ_MAP},
    ("GET", "/v1/incidents/{incident_id}"): {Permission.READ_MAP},
    ("GET", "/v1/flags"): {Permission.READ_MAP},
    ("GET", "/v1/flags/{flag_id}"): {Permission.READ_MAP},
    ("POST", "/v1/flags/{flag_id}/recompute"): {Permission.READ_REPORTS},
    ("GET", "/v1/alerts"): {Permission.READ_MAP},
    ("GET", "/v1/alerts/{alert_id}"): {Permission.READ_MAP},
    ("POST", "/v1/alerts/{alert_id}/transitions"): {Permission.ACT_ON_ALERTS},
    ("GET", "/v1/layers"): {Permission.READ_MAP},
    ("GET", "/v1/layers/{layer}"): {Permission.READ_MAP},
    ("GET", "/v1/activity"): {Permission.READ_MAP},
    ("GET", "/v1/deliveries"): {Permission.READ_MAP, Permission.CONFIGURE},
    ("GET", "/v1/stream"): {Permission.READ_MAP},
}
# The stream does not end by itself; `test_stream` has it.
ASKED = [key for key in NEEDS if key[1] != "/v1/stream"]


def guards_of(route: BaseRoute) -> list[Public | Require]:
    if not isinstance(route, APIRoute):
        return []
    calls = [each.call for each in route.dependant.dependencies]
    return [call for call in calls if isinstance(call, Public | Require)]


def address(path: str) -> str:
    known = {"alert_id": ALERT, "flag_id": FLAG, "incident_id": INCIDENT}
    return path.format(**known, layer="adm2", name="event_type")


def ask(client: TestClient, method: str, path: str) -> int:
    body = {"to_state": "ACKNOWLEDGED", "seq": 1} if path.endswith("transitions") else {}
    json = body if method == "POST" else None
    return int(client.request(method, address(path), json=json).status_code)


class TestRoutes:
    def test_each_declares_exactly_one_guard(self, world: World) -> None:
        routes = [each for each in world.app().routes if not isinstance(each, Mount)]
        assert len(routes) == len(ROUTES) + 1
        for route in routes:
            assert len(guards_of(route)) == 1, route

    def test_are_open_to_everyone_or_need_what_is_written_here(self, world: World) -> None:
        is_open: set[tuple[str, str]] = set()
        needs: dict[tuple[str, str], set[Permission]] = {}
        for route in world.app().routes:
            assert isinstance(route, APIRoute)
            assert route.methods
            (method,), (guard,) = route.methods, guards_of(route)
            if isinstance(guard, Public):
                is_open.add((method, route.path))
            else:
                needs[method, route.path] = set(guard.permissions)
        assert is_open == OPEN_TO_EVERYONE
        assert needs == NEEDS

    def test_are_all_in_the_openapi_document_and_nothing_else_is(self, world: World) -> None:
        document = TestClient(world.app()).get("/openapi.json").json()
        described = {
            (method.upper(), path) for path, item in document["paths"].items() for method in item
        }
        assert described == OPEN_TO_EVERYONE | NEEDS.keys()


class TestMatrix:
    """Seven kinds of people, every route."""

    @pytest.fixture
    def client(self, world: World) -> Iterator[TestClient]:
        with world.begin() as connection:
            put_counties(connection)
            put_incident(connection, an_incident("root-1"))
            put_flag(connection, a_flag(), alert=put_alert(connection, an_alert()))
        with TestClient(world.app()) as found:
            yield found

    @pytest.mark.parametrize("role", Role)
    def test_a_role_reaches_exactly_what_its_permissions_say(
        self, world: World, client: TestClient, role: Role
    ) -> None:
        signed_in(world, person(role.value, role, level=Level.UNCLASSIFIED), client=client)
        for method, path in [key for key in ASKED if key[1] != "/v1/sign-out"]:
            allowed = bool(NEEDS[method, path] & PERMISSIONS[role])
            assert (ask(client, method, path) == 200) is allowed, (role, method, path)
            if not allowed:
                assert ask(client, method, path) == 403, (role, method, path)

    def test_nobody_gets_401_everywhere(self, client: TestClient) -> None:
        for method, path in [*ASKED, ("GET", "/v1/stream")]:
            assert ask(client, method, path) == 401, (method, path)

    @pytest.mark.parametrize(
        "who",
        [
            person("elsewhere", Role.COMMANDER, areas=("SS0101",)),
            person("nowhere", Role.COMMANDER, areas=("XX",)),
        ],
        ids=lambda who: str(who.user_id),
    )
    def test_other_areas_do_not_exist(
        self, world: World, client: TestClient, who: Principal
    ) -> None:
        signed_in(world, who, client=client)
        for path in ("/v1/incidents", "/v1/flags", "/v1/alerts"):
            assert client.get(path).json()["features"] == []
        for method, path in NEEDS:
            if "_id}" in path:
                assert ask(client, method, path) == 404, (method, path)

    @pytest.mark.parametrize("areas", [("SS0303",), ("SS03",)], ids=["county", "state"])
    def test_ones_own_area_does(
        self, world: World, client: TestClient, areas: tuple[str, ...]
    ) -> None:
        signed_in(world, person("dot", Role.COMMANDER, areas=areas), client=client)
        for method, path in NEEDS:
            if "_id}" in path:
                assert ask(client, method, path) == 200, (method, path)
        assert client.get("/v1/me").json()["areas"] == list(areas)

    def test_an_area_without_its_layer_is_itself(self, world: World, client: TestClient) -> None:
        with world.begin() as connection:
            connection.execute(delete(tables.layers))
        signed_in(world, person("dot", Role.COMMANDER, areas=("SS0303",)), client=client)
        assert len(client.get("/v1/incidents").json()["features"]) == 1


class TestProblems:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/nothing", 404),
            ("GET", "/", 404),
            ("DELETE", "/v1/incidents", 405),
            ("PUT", "/v1/sign-in", 405),
            ("GET", "/v1/me", 401),
            ("POST", "/v1/sign-in", 415),
        ],
    )
    def test_every_error_is_one(self, world: World, method: str, path: str, status: int) -> None:
        response = TestClient(world.app()).request(method, path)
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        body = response.json()
        assert body["status"] == status
        assert {"type", "title", "detail", "code", "retryable", "errors"} <= body.keys()

    def test_a_405_says_what_is_allowed(self, world: World) -> None:
        response = TestClient(world.app()).delete("/v1/incidents")
        assert response.headers["Allow"] == "GET"

    def test_a_mistake_of_ours_is_a_500_that_tells_nothing(self, world: World) -> None:
        def broken() -> bool:
            raise ZeroDivisionError("secret detail")

        app = world.app(ready_checks={"spool": broken})
        client = TestClient(app, raise_server_exceptions=False)
        with capture_logs() as lines:
            response = client.get("/readyz")
        assert [line["event"] for line in lines] == ["request failed"]
        assert response.status_code == 500
        assert response.headers["Content-Type"] == "application/problem+json"
        assert "secret detail" not in response.text
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"


class TestEmbedding:
    def test_ingests_routes_share_the_listener_and_the_document(self, world: World) -> None:
        async def take(_request: Request) -> Response:
            return Response(status_code=202)

        app = world.app(
            extra_routes=(Route("/v1/reports", take, methods=["POST"]),),
            extra_openapi={"/v1/reports": {"post": {"summary": "Take a report"}}},
        )
        client = TestClient(app)
        assert client.post("/v1/reports").status_code == 202
        assert 'method="POST",route="take",status="202"' in client.get("/metrics").text
        document = client.get("/openapi.json").json()
        assert document["paths"]["/v1/reports"]["post"]["summary"] == "Take a report"
        assert document["openapi"].startswith("3.1")


class TestDocument:
    def test_refers_only_to_what_it_holds(self, world: World) -> None:
        text = TestClient(world.app(extra_components={"schemas": {"Report": {}}})).get(
            "/openapi.json"
        )
        held = text.json()["components"]["schemas"].keys()
        assert set(re.findall(r"#/components/schemas/(\w+)", text.text)) <= held
        assert "Report" in held

    def test_says_what_a_write_takes_and_that_errors_are_problems(self, world: World) -> None:
        paths = TestClient(world.app()).get("/openapi.json").json()["paths"]
        step = paths["/v1/alerts/{alert_id}/transitions"]["post"]
        taken = step["requestBody"]["content"]["application/json"]["schema"]
        assert taken == {"$ref": "#/components/schemas/AlertAction"}
        for item in paths.values():
            for operation in item.values():
                problems = operation["responses"].get("default", {}).get("content", {})
                assert "application/problem+json" in problems or operation["summary"]

    def test_names_every_parameter_of_a_list(self, world: World) -> None:
        paths = TestClient(world.app()).get("/openapi.json").json()["paths"]
        names = {each["name"] for each in paths["/v1/incidents"]["get"]["parameters"]}
        assert names == {
            "bbox",
            "datetime",
            "event_class",
            "event_type",
            "min_severity",
            "limit",
            "cursor",
            "min_position",
        }


def test_a_route_cannot_be_declared_without_a_guard() -> None:
    with pytest.raises(TypeError, match="guard"):
        RouteSpec(path="/v1/x", handler=lambda: None, tag="x")  # type: ignore[call-arg]  # the point
