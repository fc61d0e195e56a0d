from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.headers import MAP_CSP
from tests.api.world import World


@pytest.fixture
def client(world: World, tmp_path: Path) -> TestClient:
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "basemap").mkdir()
    (root / "index.html").write_text("<!doctype html><title>Tocsin</title>")
    (root / "assets" / "index-B4x.js").write_text("export {}")
    (root / "basemap" / "places.geojson").write_text("{}")
    (tmp_path / "secret.txt").write_text("not for the web")
    return TestClient(world.app(web_root=root))


def test_the_page_is_asked_for_again_and_has_the_maps_policy(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Content-Security-Policy"] == MAP_CSP
    assert "unsafe" not in MAP_CSP


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever(client: TestClient) -> None:
    response = client.get("/assets/index-B4x.js")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["ETag"]


def test_a_file_without_one_is_revalidated_by_its_etag(client: TestClient) -> None:
    first = client.get("/basemap/places.geojson")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/basemap/places.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/nothing.js", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/"]
)
def test_what_is_not_there_is_a_problem(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
