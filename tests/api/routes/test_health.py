from contextlib import AbstractContextManager

from sqlalchemy import Connection
from starlette.testclient import TestClient

from schemas.errors import StorageError
from tests.api.world import World, person, signed_in


def broken() -> AbstractContextManager[Connection]:
    raise StorageError("the disk is gone")


def test_alive_and_ready_need_no_session(world: World) -> None:
    client = TestClient(world.app())
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "checks": {"database": True}}


def test_what_is_missing_is_named(world: World) -> None:
    client = TestClient(world.app(ready_checks={"spool": lambda: False}))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": True, "spool": False}


def test_a_database_that_cannot_be_read_is_not_ready_but_alive(world: World) -> None:
    client = TestClient(world.app(read=broken))
    assert client.get("/readyz").json()["checks"] == {"database": False}
    assert client.get("/healthz").status_code == 200


def test_a_read_that_fails_is_a_503_that_says_when_to_try_again(world: World) -> None:
    client = TestClient(world.app(read=broken), cookies={"tocsin": "some"})
    response = client.get("/v1/incidents")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json()["retryable"] is True


def test_metrics_count_requests_by_route_and_not_by_id(world: World) -> None:
    client = signed_in(world, person())
    client.get("/v1/incidents/0142f8b3-c400-8054-b118-35cf93a0c0b7")
    text = client.get("/metrics").text
    labels = 'method="GET",route="/v1/incidents/{incident_id}",status="404"'
    assert f"tocsin_api_requests_total{{{labels}}} 1.0" in text
    assert "0142f8b3" not in text
    assert "tocsin_api_request_seconds_bucket" in text
    assert "tocsin_api_streams 0.0" in text


def test_an_unknown_path_makes_no_metric_of_its_own(world: World) -> None:
    client = TestClient(world.app())
    for number in range(3):
        client.get(f"/wp-admin/{number}")
    text = client.get("/metrics").text
    assert "wp-admin" not in text
    assert 'route="",status="404"} 3.0' in text
