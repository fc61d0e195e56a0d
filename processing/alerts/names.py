"""The place of an alert in words."""

from __future__ import annotations

from processing.rules.layers import Layers, areas_of


def area_name(place_key: str, layers: Layers) -> str:
    """Return the name of the county or state of an alert, "" for a grid cell or none."""
    if place_key.startswith(("cell:", "area:")):
        return ""
    return areas_of(layers).name(place_key)
