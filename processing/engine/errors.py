"""Errors of the engine (see `schemas.errors` for the tree)."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.errors import TocsinError


class PoisonLimitError(TocsinError):
    """Too many records cannot be processed: the fault is here, not in them.

    The worker stops with its position unmoved. Mend the cause (often a bad release) and start it
    again; the records are still in the log.
    """

    def __init__(self, starts: Mapping[str, int], *, bad: int, of_last: int) -> None:
        """Keep where the batch begins, by partition, and how many of the last were bad."""
        before = ", ".join(f"{name} at {start}" for name, start in starts.items())
        super().__init__(
            f"{bad} of the last {of_last} records cannot be processed; stopped before them so that "
            f"they stay in the log ({before})"
        )
        self.starts = starts
