"""How often Python looks for cycles."""

from __future__ import annotations

import gc

_THRESHOLDS = (1_000_000, 50, 1_000)
_LOOK_EVERY = 2_000


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

    Looking through what each batch added to memory cost a twentieth of the desk's time. What the
    other threads leave in cycles meanwhile is found at every two-thousandth batch.
    """

    def __init__(self) -> None:
        self._batches = 0

    def sweep(self) -> None:
        """Have the collector pass over all that lives; call it after each batch."""
        if self._batches % _LOOK_EVERY == 0:
            gc.unfreeze()
            rest_the_collector()
        self._batches += 1
        gc.freeze()
