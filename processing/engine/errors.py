"""Errors of the engine (see `schemas.errors` for the tree)."""

from __future__ import annotations

from schemas.errors import TocsinError


class PoisonLimitError(TocsinError):
    """Too many records cannot be processed: the fault is here, not in them.

    The worker stops with its position unmoved. Mend the cause (often a bad release) and start it
    again; the records are still in the log.
    """

    def __init__(self, partition: str, *, position: int, bad: int, of_last: int) -> None:
        super().__init__(
            f"{bad} of the last {of_last} records of {partition} cannot be processed; "
            f"stopped before position {position} so that they stay in the log"
        )
        self.partition = partition
        self.position = position
