"""How often Python looks for cycles."""

from __future__ import annotations

import gc

_GARBAGE_THRESHOLDS = (200_000, 50, 1_000)


def rest_the_collector() -> None:
    """Let Python's cyclic collector look rarely, and never at what lives now.

    By default it took a fifth to a third of the desk's time (`docs/performance.md`): batches make
    many small values that reference counting frees, and the layers are large and live for ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
