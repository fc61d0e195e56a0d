"""Where the server for development keeps its data."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.postgresql.server import place_for


def test_a_folder_that_its_user_can_reach_is_taken(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # As root the server is another user; below pytest's folders it gets nowhere.
        elsewhere = place_for(tmp_path / "closed")
        assert elsewhere == place_for(tmp_path / "closed") != place_for(tmp_path / "other")
        assert tmp_path not in elsewhere.parents
    else:
        assert place_for(tmp_path / "mine") == tmp_path / "mine"
    assert place_for(Path("/nowhere/yet")) == Path("/nowhere/yet")
