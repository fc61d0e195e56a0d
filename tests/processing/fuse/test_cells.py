from __future__ import annotations

import numpy as np

from processing.fuse.cells import is_fusible


def test_only_resolved_places_of_at_most_25_km_are_fusible() -> None:
    nan = float("nan")
    lon = np.array([30.0, 30.0, 30.0, nan, 30.0])
    lat = np.array([7.0, 7.0, 7.0, nan, nan])
    radius_m = np.array([25_000.0, 25_000.1, nan, 25.0, 25.0])
    assert is_fusible(lon, lat, radius_m).tolist() == [True, False, False, False, False]
