"""The command line: help with examples, exit statuses, a mission set up by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy import cli
from deploy.cli import build
from deploy.supervisor import EXIT_CONFIG
from tests.support.receiver import Reply, always, receiving

MISSION = """
mission:
  mission_id: test-mission
  name: Mission of the tests
  time_zone: Africa/Juba
  area: {west: 24, south: 3, east: 36, north: 13}
"""


def _leaves(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all commands that do something."""
    children: dict[str, object] = getattr(command, "commands", {})
    if not children:
        return [path]
    own = [path] if path and getattr(command, "invoke_without_command", False) else []
    return own + [
        leaf for name, child in children.items() for leaf in _leaves(child, (*path, name))
    ]


def _all_commands() -> list[tuple[str, ...]]:
    return _leaves(typer.main.get_command(build()))


def _run(folder: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner(env={"TOCSIN_DATA_DIR": str(folder)}).invoke(build(), arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize("path", _all_commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(build(), [*path, "--help"])
    assert result.exit_code == 0
    assert f"Example: tocsin {' '.join(path)}" in " ".join(result.output.split())


def test_an_error_is_said_in_words_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["tocsin", "units", "list"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == EXIT_CONFIG
    assert "tocsin migrate" in capsys.readouterr().err


def test_a_mission_is_set_up_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    described = tmp_path / "mission.yaml"
    described.write_text(MISSION)
    towns = tmp_path / "towns.csv"
    towns.write_text("id,name,lon,lat,population\nt1,Alpha,30.5,9.2,12000\n")
    rules = Path(cli.__file__).parents[1] / "processing" / "rules" / "default_rules.yaml"
    assert _run(folder, "migrate", "--mission", str(described))[0] == 0
    assert _run(folder, "layers", "load", "settlement", str(towns))[0] == 0
    assert _run(folder, "rules", "load", str(rules))[0] == 0
    assert _run(folder, "units", "add", "u-1", "--name", "Unit one", "--kind", "PATROL")[0] == 0
    status, shown = _run(folder, "keys", "issue", "u-1")
    assert status == 0
    assert "fu_" in shown
    key_id = shown.split("fu_")[1].split("_")[0]
    assert _run(folder, "keys", "revoke", key_id)[0] == 0
    assert _run(folder, "users", "add", "duty", "--name", "Duty", "--role", "analyst")[0] == 0
    assert "settlement" in _run(folder, "layers", "list")[1]
    assert "R09" in _run(folder, "rules", "list")[1]
    assert len(_run(folder, "state-hash")[1].strip()) == 64
    status, shown = _run(folder, "doctor")
    assert status == 1
    assert "endpoints add" in shown


def test_an_endpoint_is_tested_with_a_signed_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    described = tmp_path / "mission.yaml"
    described.write_text(MISSION)
    _run(folder, "migrate", "--mission", str(described))
    with receiving(tmp_path / "rings", always(Reply(status=204))) as receiver:
        allowed = receiver.url().removeprefix("http://").partition("/")[0]
        monkeypatch.setenv("TOCSIN_WEBHOOK_ALLOW", json.dumps([allowed]))
        assert _run(folder, "endpoints", "add", "duty-1", receiver.url())[0] == 0
        assert _run(folder, "endpoints", "test", "duty-1")[0] == 0
        assert [ring.status for ring in receiver.rings()] == [204]
    monkeypatch.setenv("TOCSIN_WEBHOOK_ALLOW", "[]")
    status, shown = _run(folder, "endpoints", "test", "duty-1")
    assert status == 1
    assert "not delivered" in shown


def test_rules_that_ship_are_valid() -> None:
    result = CliRunner().invoke(build(), ["rules", "check"])
    assert result.exit_code == 0
    assert "5 rules" in result.output
