"""Where the sample mission's files are."""

from __future__ import annotations

from pathlib import Path


def sample_folder() -> Path:
    """Return the folder of the sample mission that ships with Tocsin."""
    return Path(__file__).with_name("south_sudan")
