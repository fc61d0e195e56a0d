"""How often Python looks for cycles."""

from __future__ import annotations

import gc

from schemas.clock import Monotonic

_THRESHOLDS = (200_000, 50, 1_000)
# A batch of thousands makes so many values that it would be looked through while it is stored.
_WITH_BATCHES = (1_000_000, 50, 1_000)

_LOOK_EVERY_S = 3_600.0
_LOOK_AT_LEAST_EVERY_S = 86_400.0


def rest_the_collector() -> None:
    """Let Python's cyclic collector look rarely, and never at what lives now.

    By default it took a fifth to a third of the desk's time (`docs/performance.md`): batches make
    many small values that reference counting frees, and the layers are large and live for ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


class Sweeper:
    """Spares the collector what a batch leaves behind: reports and incidents hold no cycles.

    Looking through what each batch added to memory cost a twentieth of the desk's time, and looking
    through everything a tenth of a second. What other threads leave in cycles meanwhile is found
    once an hour, when nothing waits.
    """

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._looked_at: float | None = None

    def sweep(self) -> None:
        """Have the collector pass over all that lives; call it after each batch."""
        # The first batch has read the layers, which makes cycles.
        if self._is_due(_LOOK_AT_LEAST_EVERY_S):
            self._look()
        gc.freeze()

    def rest(self) -> None:
        """Look for cycles if it is time to; call it when there is nothing to do."""
        if self._looked_at is not None and self._is_due(_LOOK_EVERY_S):
            self._look()

    def _is_due(self, every_s: float) -> bool:
        return self._looked_at is None or self._monotonic() - self._looked_at > every_s

    def _look(self) -> None:
        gc.unfreeze()
        rest_the_collector()
        gc.set_threshold(*_WITH_BATCHES)
        self._looked_at = self._monotonic()
