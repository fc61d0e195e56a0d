"""Windows of incidents to read: few, and no wider than their days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from processing.rules.window import IncidentWindow


def grouped(
    wanted: Iterable[tuple[frozenset[int], int, int]],
    *,
    event_classes: frozenset[str] = frozenset(),
    actor_keys: frozenset[str] = frozenset(),
    named_only: bool = False,
) -> tuple[IncidentWindow, ...]:
    """Return one window for each pair of first and last day, with all cells wanted for it."""
    cells: dict[tuple[int, int], set[int]] = defaultdict(set)
    for cells4, day_from, day_to in wanted:
        cells[day_from, day_to] |= cells4
    return tuple(
        IncidentWindow(
            cells4=frozenset(cells[days]),
            day_from=days[0],
            day_to=days[1],
            event_classes=event_classes,
            actor_keys=actor_keys,
            named_only=named_only,
        )
        for days in sorted(cells)
        if cells[days]
    )
