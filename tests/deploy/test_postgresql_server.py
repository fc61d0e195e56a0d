"""Where the server for development keeps its data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.postgresql.server import PostgresqlError, Server, place_for


def test_a_folder_that_its_user_can_reach_is_taken(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # As root the server is another user; below pytest's folders it gets nowhere.
        elsewhere = place_for(tmp_path / "closed")
        assert elsewhere == place_for(tmp_path / "closed") != place_for(tmp_path / "other")
        assert tmp_path not in elsewhere.parents
    else:
        assert place_for(tmp_path / "mine") == tmp_path / "mine"
    assert place_for(Path("/nowhere/yet")) == Path("/nowhere/yet")


def test_a_folder_that_is_a_link_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PostgresqlError, match="is not ours"):
        Server(folder=tmp_path / "link").start()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_demo_on_kafka_takes_no_folder_with_a_database_in_it(tmp_path: Path) -> None:
    """To reset it would delete the folder, and what is there is not its own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "tocsin.db").touch()
    (tmp_path / "mine-servers").mkdir()
    for command in (["demo", "--kafka", "--no-browser"], ["demo", "reset"]):
        told = subprocess.run(
            [sys.executable, "-m", "deploy.cli", *command, "--data-dir", str(folder)],
            capture_output=True,
            check=False,
            text=True,
        )
        assert (told.returncode, "another mission" in told.stderr) == (78, True)
    assert (folder / "tocsin.db").exists()
