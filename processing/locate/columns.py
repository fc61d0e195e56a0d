"""Columns that locating reads and writes, one row a report, in batch order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceColumns:
    """What the reports say of their place. NaN and "" mean not given.

    `lon`, `lat` are usable WGS 84 degrees (decoded from degrees or MGRS at the door) or NaN;
    `radius_m` is the stated or derived uncertainty or NaN, which beside coordinates means that
    they tell no more than a state (P7); `day` is the mission-local day, which chooses the features
    that were valid then.
    """

    lon: FloatArray
    lat: FloatArray
    radius_m: FloatArray
    decoded_from: Sequence[str]
    pcode: Sequence[str]
    place_name: Sequence[str]
    day: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedColumns:
    """Where the reports are, as best known. Unresolved rows have NaN, cell 0 and "" codes.

    A row with a position and no radius (P7) has the state that holds the point, and the state's
    counties as candidates.

    `place_from` says how: degrees, mgrs, pcode, place_name, unresolved. `cell4` are H3 cells of
    resolution 4 as signed 64-bit integers. `adm1`, `adm2` are P-codes when the whole circle lies
    in one area, else ""; `adm2_candidates` are all counties that the circle touches, sorted.
    """

    lon: FloatArray
    lat: FloatArray
    radius_m: FloatArray
    place_from: Sequence[str]
    cell4: IntArray
    adm1: Sequence[str]
    adm2: Sequence[str]
    adm2_candidates: Sequence[tuple[str, ...]]
