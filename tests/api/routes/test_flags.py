from datetime import timedelta

import pytest

from schemas.access import Role
from schemas.flag import Band, FlagState
from tests.api.rows import NOON, a_flag, put_flag
from tests.api.world import World, person, signed_in


@pytest.fixture
def flags(world: World) -> dict[str, str]:
    given = {
        "high": a_flag("R01|bor-poc|STATE"),
        "low": a_flag("R03|SS0303|ANY", band=Band.LOW, at=NOON + timedelta(days=1)),
        "gone": a_flag("R05|cell:85|STATE", state=FlagState.WITHDRAWN, lon=None, lat=None),
    }
    with world.begin() as connection:
        return {name: put_flag(connection, flag) for name, flag in given.items()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"high", "low", "gone"}),
        ({"rule_id": "R01,R03"}, {"high", "low"}),
        ({"state": "WITHDRAWN"}, {"gone"}),
        ({"min_band": "3"}, {"high", "gone"}),
        ({"datetime": "2013-12-17"}, {"low"}),
        ({"datetime": "../2013-12-16"}, {"high", "gone"}),
        ({"bbox": "31,6,32,7"}, {"high", "low"}),
    ],
)
def test_filters(
    world: World, flags: dict[str, str], query: dict[str, str], expected: set[str]
) -> None:
    page = signed_in(world, person()).get("/v1/flags", params=query).json()
    assert {each["id"] for each in page["features"]} == {flags[name] for name in expected}


def test_the_list_tells_why_but_not_from_what(world: World, flags: dict[str, str]) -> None:
    page = signed_in(world, person()).get("/v1/flags", params={"rule_id": "R01"}).json()
    (feature,) = page["features"]
    assert feature["id"] == flags["high"]
    assert feature["properties"]["explanation"].startswith("Armed clash")
    assert feature["properties"]["numbers"] == {"distance_m": 800.0}
    assert "evidence" not in feature["properties"]


def test_one_has_its_evidence(world: World, flags: dict[str, str]) -> None:
    response = signed_in(world, person()).get(f"/v1/flags/{flags['high']}")
    assert len(response.json()["properties"]["evidence"]) == 1


def test_pages_hold_everything_once(world: World, flags: dict[str, str]) -> None:
    client = signed_in(world, person())
    found: list[str] = []
    href = "/v1/flags?limit=1"
    while href:
        page = client.get(href).json()
        found += [each["id"] for each in page["features"]]
        href = next((each["href"] for each in page["links"]), "")
    assert sorted(found) == sorted(flags.values())


def test_recompute_compares_what_is_stored_with_what_comes_out(
    world: World, flags: dict[str, str]
) -> None:
    client = signed_in(world, person())
    outcome = client.post(f"/v1/flags/{flags['high']}/recompute", json={}).json()
    assert outcome["equal"] is True
    assert outcome["stored"] == outcome["recomputed"]
    assert outcome["differences"] == []


def test_recompute_of_a_hidden_flag_is_a_404(world: World) -> None:
    with world.begin() as connection:
        hidden = put_flag(connection, a_flag(level=1))
    client = signed_in(world, person("low", Role.COMMANDER))
    assert client.post(f"/v1/flags/{hidden}/recompute", json={}).status_code == 404
    assert client.get(f"/v1/flags/{hidden}").status_code == 404
