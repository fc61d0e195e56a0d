"""Indexes by validity: between two days of change a layer is constant, so it has one index each.

An index over valid features only cannot answer with a base that was closed, however many closed
ones lie nearer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from processing.locate.layers import LayerColumns

IntArray = npt.NDArray[np.int64]
IndexT = TypeVar("IndexT")

# Reports come in order of time but for the late ones: a few epochs are in use at once. An index
# that was dropped is built again, so the bound is on memory only.
_MAX_KEPT = 64


class Epochs(Generic[IndexT]):
    """Builds the index of an epoch when it is first asked for, and keeps the latest ones.

    `build` gets the rows of the layer that are valid throughout the epoch, ascending.
    """

    def __init__(self, layer: LayerColumns, build: Callable[[IntArray], IndexT]) -> None:
        self._layer = layer
        self._build = build
        self._changes = layer.changes()
        self._change_days: list[int] = self._changes.tolist()
        self._kept: dict[int, IndexT] = {}

    def parts(self, day: IntArray) -> Iterator[tuple[IndexT, IntArray]]:
        """Yield each index that some days need, with the positions of those days."""
        if len(day) <= 1:
            for one in day.tolist():
                yield self.on(one), np.arange(1)
            return
        epoch = np.searchsorted(self._changes, day, side="right")
        first = int(epoch[0])
        if np.all(epoch == first):
            yield self._of(first), np.arange(len(day))
            return
        for number in np.unique(epoch).tolist():
            yield self._of(number), np.flatnonzero(epoch == number)

    def on(self, day: int) -> IndexT:
        """Return the index that one day needs."""
        return self._of(bisect_right(self._change_days, day))

    def _of(self, epoch: int) -> IndexT:
        index = self._kept.get(epoch)
        if index is None:
            index = self._build(np.flatnonzero(self._layer.valid_on(self._some_day(epoch))))
            if len(self._kept) >= _MAX_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[epoch] = index
        return index

    def _some_day(self, epoch: int) -> int:
        if len(self._changes) == 0:
            return 0
        if epoch == 0:
            return int(self._changes[0]) - 1
        return int(self._changes[epoch - 1])
