import pytest
from starlette.testclient import TestClient

from api.parts import ApiSettings
from tests.api.world import World, person, signed_in


@pytest.mark.parametrize("path", ["/healthz", "/v1/me", "/v1/nothing", "/openapi.json"])
def test_every_answer_has_the_security_headers(world: World, path: str) -> None:
    headers = TestClient(world.app()).get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == "geolocation=(self)"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_data_is_never_stored_by_a_browser(world: World) -> None:
    client = signed_in(world, person())
    for path in ("/v1/me", "/v1/incidents", "/v1/alerts"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_https_is_remembered_for_a_year(world: World) -> None:
    settings = ApiSettings(public_url="https://tocsin.example.org")
    secure = TestClient(world.app(settings=settings)).get("/healthz")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = TestClient(world.app()).get("/healthz")
    assert "Strict-Transport-Security" not in plain.headers


def test_reports_of_refused_content_are_taken_without_a_session(world: World) -> None:
    client = TestClient(world.app())
    where = client.get("/healthz").headers["Reporting-Endpoints"]
    assert where == 'csp="/v1/csp-reports"'
    assert client.post("/v1/csp-reports", content=b"[{}]").status_code == 204
