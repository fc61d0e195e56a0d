from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = open_world(tmp_path / "tocsin.db")
    yield found
    found.engine.dispose()
