"""Reading the sample mission's folder, and folders that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.demo.mission_files import mission_layers, read_bundle, read_document, read_units_csv
from schemas.errors import ConfigurationError
from schemas.layer import LayerKind

SOUTH_SUDAN = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "south_sudan"
MISSION = """
mission: {mission_id: m-1, name: M, time_zone: Africa/Juba,
          area: {west: 1, south: 1, east: 2, north: 2}}
"""


def test_the_sample_mission_is_read_whole() -> None:
    bundle = read_bundle(SOUTH_SUDAN)
    assert bundle.mission.time_zone == "Africa/Juba"
    assert bundle.mission.replay
    assert {kind.value: len(features) for kind, features in bundle.layers.items()} == {
        "adm0": 2,
        "adm1": 11,
        "adm2": 79,
        "settlement": 26,
        "health": 1_734,
        "airfield": 22,
        "un_base": 113,
        "civilian_site": 6,
    }
    assert len(bundle.units) == 108
    assert bundle.sources[LayerKind.HEALTH] == "health_facilities.csv"
    assert mission_layers(SOUTH_SUDAN / "mission.yaml") == bundle.features()


def test_the_sample_mission_needs_no_repair_and_names_its_parents() -> None:
    bundle = read_bundle(SOUTH_SUDAN)
    assert not [one for one in bundle.features() if "repaired" in one.properties]
    known = {
        feature.feature_id
        for level in (LayerKind.ADM0, LayerKind.ADM1, LayerKind.ADM2)
        for feature in bundle.layers[level]
    }
    parents = {feature.parent_id for feature in bundle.features()} - {None}
    assert parents <= known
    assert all(county.parent_id for county in bundle.layers[LayerKind.ADM2])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[", "it cannot be read"),
        ("", "mission.yaml"),
        ("layers: []", "mission: Field required"),
        (MISSION.replace("Juba", "Jubba"), "not an IANA time zone"),
        (MISSION + "layers: [{layer: rivers, file: a.csv}]", "layers.0.layer"),
        (MISSION + "layers: [{layer: adm0, file: ../a.csv}]", "layers.0.file"),
    ],
)
def test_a_wrong_mission_file_says_where(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "mission.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=reason):
        read_document(path)


def test_a_missing_mission_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="it cannot be read"):
        read_bundle(tmp_path)


def test_a_wrong_unit_is_named_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text("unit_id,name,kind,lon,reach_km\nu-1,U,PATROL,30,5\nu-2,U,PATROL,999,5\n")
    with pytest.raises(ConfigurationError, match="row 2: lon"):
        read_units_csv(path)


def test_a_missing_units_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="it cannot be read"):
        read_units_csv(tmp_path / "units.csv")
