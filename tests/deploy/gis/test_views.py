"""What a reader finds in the views: the same as the API serves, and nothing beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from api.shapes import alert_summary, flag_summary, incident_summary, layer_feature
from deploy.demo.folder import sample_folder
from deploy.demo.mission_files import read_bundle
from processing.adapters.sql.layers import load_features, store_layer
from schemas.alert import AlertState
from schemas.flag import FlagState
from schemas.incident import Incident, Victims
from schemas.layer import Feature, LayerKind
from schemas.tables import layer_features, reports
from tests.api.rows import (
    BOR,
    NOON,
    a_flag,
    an_alert,
    an_incident,
    put_alert,
    put_counties,
    put_flag,
    put_incident,
)
from tests.deploy.gis.conftest import Mission
from tests.support.postgresql import administer

SHAPES = "SELECT feature_id, public.ST_AsGeoJSON(geometry, 6) FROM gis.layers WHERE layer = '{}'"
# Never in a view: what says who told it, who did it, or tells it.
SECRET = ("body", "views", "source", "unit", "owner", "headline", "explanation", "evidence",
          "acknowledged", "members", "actor_key", "note")  # fmt: skip


def properties(drawn: bytes) -> dict[str, object]:
    feature = json.loads(drawn)
    found: dict[str, object] = feature["properties"]
    return found | {"geometry": feature["geometry"]}


def served(mission: Mission, view: str) -> dict[str, object]:
    """The only row of a view, in the API's words."""
    query = f"""
        SELECT to_jsonb(v) - 'geometry' || jsonb_build_object(
            'geometry', public.ST_AsGeoJSON(geometry, 6)::jsonb,
            'srid', public.ST_SRID(geometry), 'kind', pg_typeof(v.updated_at)::text
        ) FROM gis.{view} v"""
    (row,) = mission.column(mission.listed(), query)
    found: dict[str, object] = row
    assert found.pop("srid") == (4326 if found["geometry"] else None)
    assert found.pop("kind") == "timestamp with time zone"
    return found


def same(found: dict[str, object], api: dict[str, object]) -> None:
    shared = found.keys() & api.keys()
    assert len(shared) >= 12
    for name in shared:
        if name == "day":
            assert found[name] == "2013-12-16"
        elif name.endswith(("_at", "_start")):
            assert str(found[name]).replace("+00:00", "Z") == api[name]
        else:
            assert found[name] == api[name], name


def incident() -> Incident:
    return an_incident(
        "root-1",
        lon=31.5590004,
        lat=6.20900016,
        victims=Victims(killed_best=4, civilians_killed_best=3),
        n_reports=2,
        n_independent=2,
        illustrative=True,
    )


def test_an_incident_is_what_the_api_serves(mission: Mission) -> None:
    with mission.database.begin() as connection:
        put_counties(connection)
        put_incident(connection, incident())
    found = served(mission, "incidents")
    same(found, properties(incident_summary(incident(), {BOR: "Bor South"})))
    assert found["incident_id"] == incident().incident_id


def test_an_incident_with_defaults_is_what_the_api_serves(mission: Mission) -> None:
    plain = an_incident("root-1", victims=Victims(), precision="P7", lon=None, radius_m=None)
    with mission.database.begin() as connection:
        put_incident(connection, plain)
    same(served(mission, "incidents"), properties(incident_summary(plain, {})))


def test_a_flag_and_an_alert_are_what_the_api_serves(mission: Mission) -> None:
    alert = an_alert(lon=31.1234564, lat=-6.2, state=AlertState.WITHDRAWN, illustrative=True)
    flag = a_flag(state=FlagState.WITHDRAWN, unverified=True, lon=31.1234564)
    with mission.database.begin() as connection:
        put_counties(connection)
        put_flag(connection, flag, alert=put_alert(connection, alert))
    # When a row was stored is the table's, not the message's.
    same(served(mission, "flags"), properties(flag_summary(flag)))
    same(served(mission, "alerts"), properties(alert_summary(alert)))


def test_polygons_and_points_of_the_sample_are_what_the_api_serves(mission: Mission) -> None:
    bundle = read_bundle(sample_folder())
    for layer, features in bundle.layers.items():
        store_layer(mission.database.begin, layer, features, source="sample", now=NOON)
    role = mission.listed(0)
    with mission.database.read() as connection:
        stored = load_features(connection)
    for layer in bundle.layers:
        api = {
            each.feature_id: json.loads(layer_feature(each))["geometry"]
            for each in stored
            if each.layer == layer
        }
        found = {key: json.loads(shape) for key, shape in mission.ask(role, SHAPES.format(layer))}
        assert found == api
    by_layer = dict(mission.ask(role, "SELECT layer, count(*) FROM gis.layers GROUP BY layer"))
    assert by_layer["adm2"] == 79


def polygon(east: float) -> Feature:
    ring = [[30.0, 6.0], [east, 6.0], [east, 7.0], [30.0, 6.0]]
    return Feature(
        feature_id=BOR,
        layer=LayerKind.ADM2,
        kind="COUNTY",
        name="Bor South",
        lon=30.5,
        lat=6.2,
        geometry={"type": "Polygon", "coordinates": [ring]},
    )


def test_polygons_follow_a_layer_that_is_loaded_again(mission: Mission) -> None:
    role = mission.listed(0)
    for east in (31.0, 32.5):
        store_layer(mission.database.begin, LayerKind.ADM2, [polygon(east)], source="t", now=NOON)
        (east_edge,) = mission.column(role, "SELECT public.ST_XMax(geometry) FROM gis.layers")
        assert east_edge == east
    store_layer(mission.database.begin, LayerKind.ADM2, [], source="t", now=NOON)
    assert mission.ask(role, "SELECT 1 FROM gis.layers") == []
    with mission.database.read() as connection:
        assert connection.execute(select(layer_features.c.body)).all() == []


def test_no_view_tells_of_sources_units_people_or_narrative(mission: Mission) -> None:
    columns = """
        SELECT attname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = 'gis'::regnamespace AND attnum > 0"""
    found = mission.column(mission.listed(), columns)
    assert len(found) > 60
    assert [name for name in found if any(word in name for word in SECRET)] == []
    assert reports.name not in mission.column("tocsin", "SELECT viewname FROM pg_views")


def test_tools_find_the_views_with_their_kind_of_geometry(mission: Mission) -> None:
    query = (
        "SELECT f_table_name, type, srid FROM public.geometry_columns WHERE f_table_schema = 'gis'"
    )
    assert sorted(mission.ask(mission.listed(), query)) == [
        ("alerts", "POINT", 4326),
        ("flags", "POINT", 4326),
        ("incidents", "POINT", 4326),
        ("layers", "GEOMETRY", 4326),
    ]


MANY = """
INSERT INTO incidents SELECT lpad(n::text, 36, '0'), 1, 16000, 0,
    'AC_CLASH', 'CLASH', 'STATE', '', 3, 24 + 12 * random(), 3 + 10 * random(), 1000, 0, 0,
    'SS03', 'SS0303', 0, n %% 3, false, false, 0, '{}'
FROM generate_series(1, 20000) AS n
"""
PLACES = """
INSERT INTO layer_features SELECT 'settlement', n::text, convert_to(format(
    '{"kind":"TOWN","lat":%%s,"lon":%%s,"name":"x"}', 3 + 10 * random(), 24 + 12 * random()
), 'UTF8') FROM generate_series(1, 20000) AS n
"""
BOX = "geometry OPERATOR(public.&&) public.ST_MakeEnvelope(30, 6, 30.5, 6.5, 4326)"


@pytest.fixture
def many(mission: Mission) -> Mission:
    with mission.database.begin() as connection:
        connection.exec_driver_sql(MANY)
        connection.exec_driver_sql(PLACES)
        connection.exec_driver_sql("ANALYZE incidents, layer_features")
    return mission


def plan(mission: Mission, role: str, query: str) -> str:
    return "\n".join(mission.column(role, f"EXPLAIN {query}"))


def test_a_box_is_found_in_the_index(many: Mission) -> None:
    role = many.listed(1)
    places = f"SELECT feature_id FROM gis.layers WHERE {BOX}"
    assert "ix_layer_features_gis" in plan(many, role, places)
    incidents = f"SELECT incident_id FROM gis.incidents WHERE {BOX}"
    # PostGIS does not promise that comparing boxes tells nothing of what it compares; the
    # administrator can, and then it may be asked before the row is known to be the reader's.
    before = sorted(many.column(role, incidents))
    assert "ix_incidents_gis" not in plan(many, role, incidents)
    administer(many.address, "ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF")
    assert "ix_incidents_gis" in plan(many, role, incidents)
    after = sorted(many.column(role, incidents))
    assert after == before
    assert 10 < len(after) < 100


def test_operations_says_what_the_tests_do() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    assert "ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF" in manual
