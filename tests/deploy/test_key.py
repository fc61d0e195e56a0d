"""The key that seals secrets: made once, and read by nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.box import read_key
from deploy.settings import Settings
from schemas.errors import ConfigurationError


def test_it_is_made_once_and_is_the_owners(tmp_path: Path) -> None:
    path = Settings(data_dir=tmp_path).key_path
    key = read_key(path)
    assert read_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="others can read"):
        read_key(path)


def test_one_that_is_given_is_never_made_and_its_group_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert Settings(data_dir=tmp_path, key_file=path).key_path == path
    with pytest.raises(ConfigurationError, match="TOCSIN_KEY_FILE names"):
        read_key(path, given=True)
    path.write_bytes(b"k" * 32)
    path.chmod(0o440)
    assert read_key(path, given=True) == b"k" * 32
    path.chmod(0o444)
    with pytest.raises(ConfigurationError, match="others can read"):
        read_key(path, given=True)
