"""A point alone is answered without arrays; the answer is the one it gets among many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.locate.areas import AreaIndex
from processing.locate.locate import Locator
from processing.locate.nearest import PointIndex
from schemas.layer import LayerKind
from tests.processing.locate.scenes import south_sudan
from tests.processing.locate.test_nearest import REGIONS, layer_of, spread

# More than are answered point by point.
_MANY = 40
_RADII_M = (0.0, 25.0, 1_000.0, 5_000.0, 25_000.0)

FloatArray = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def locator() -> Locator:
    return south_sudan()


def scattered(seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(24.0, 36.0, _MANY), rng.uniform(3.0, 12.5, _MANY)
    return lon, lat, rng.choice(_RADII_M, _MANY)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_is_near(locator: Locator, seed: int) -> None:
    lon, lat, radius_m = scattered(seed)
    day = np.full(_MANY, 16_050, dtype=np.int64)
    alone = [
        locator.nearby(lon[[at]], lat[[at]], day[[at]], radius_m[[at]])[0] for at in range(_MANY)
    ]
    assert locator.nearby(lon, lat, day, radius_m) == alone


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), reach_m=st.sampled_from([5_000.0, 60_000.0, 400_000.0]))
def test_what_is_within(locator: Locator, seed: int, reach_m: float) -> None:
    lon, lat, _ = scattered(seed)
    day = np.full(_MANY, 16_050, dtype=np.int64)
    for layer in ("health", "settlement"):
        together = locator.within(lon, lat, day, layer=layer, kinds=(), reach_m=reach_m)
        for at in range(_MANY):
            alone = locator.within(
                lon[[at]], lat[[at]], day[[at]], layer=layer, kinds=(), reach_m=reach_m
            )
            assert alone == [together[at]]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("kind", [LayerKind.ADM1, LayerKind.ADM2])
def test_what_holds_a_circle(locator: Locator, kind: LayerKind, seed: int) -> None:
    lon, lat, radius_m = scattered(seed)
    layer = locator.layers.layer(kind)
    index = AreaIndex(layer, np.arange(len(layer)))
    together = index.hold(lon, lat, radius_m)
    for at in range(_MANY):
        alone = index.hold(lon[[at]], lat[[at]], radius_m[[at]])
        assert (alone.area, alone.candidates) == ([together.area[at]], [together.candidates[at]])


@pytest.mark.parametrize("region", sorted(REGIONS))
@pytest.mark.parametrize("features", [1, 2, 3, 40, 300])
def test_the_nearest_anywhere(region: str, features: int) -> None:
    layer = layer_of(*spread(1, region, features))
    index = PointIndex(layer, np.arange(len(layer)))
    lon, lat = spread(2, region, _MANY)
    together = index.nearest(lon, lat)
    for at in range(_MANY):
        alone = index.nearest(lon[[at]], lat[[at]])
        assert alone.row[0] == together.row[at]
        assert alone.distance_m[0] == together.distance_m[at]
        assert alone.others_m[0] == pytest.approx(together.others_m[at], rel=1e-12)
