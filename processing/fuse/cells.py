"""Which places may meet others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from schemas.geometry import FloatArray

# P6 of code list `loc_precision`; P7 and anything wider never takes part in proximity.
MAX_RADIUS_M = 25_000.0


def is_fusible(lon: FloatArray, lat: FloatArray, radius_m: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which places may meet others: resolved, and no wider than `MAX_RADIUS_M`."""
    resolved = np.isfinite(lon) & np.isfinite(lat)
    return np.asarray(resolved & (radius_m <= MAX_RADIUS_M), dtype=np.bool_)
