"""Windows of incidents to read: few, and no wider than their days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from processing.rules.window import IncidentWindow


def grouped(
    wanted: Iterable[tuple[frozenset[int], int, int]],
    *,
    event_classes: frozenset[str] = frozenset(),
    named_only: bool = False,
    or_severity: int = 0,
    slack_days: int = 0,
) -> tuple[IncidentWindow, ...]:
    """Return one window for each pair of first and last day, with all cells wanted for it.

    Windows that begin within so many days of slack become one: it reads a little more, and spares
    asking for nearly the same again and again.
    """
    cells: dict[tuple[int, int], set[int]] = defaultdict(set)
    for cells4, day_from, day_to in wanted:
        cells[day_from, day_to] |= cells4
    return tuple(
        IncidentWindow(
            cells4=frozenset(cells4),
            day_from=day_from,
            day_to=day_to,
            event_classes=event_classes,
            named_only=named_only,
            or_severity=or_severity,
        )
        for cells4, day_from, day_to in _alike(cells, slack_days)
        if cells4
    )


def _alike(
    cells: dict[tuple[int, int], set[int]], slack_days: int
) -> list[tuple[set[int], int, int]]:
    found: list[tuple[set[int], int, int]] = []
    for day_from, day_to in sorted(cells):
        own = cells[day_from, day_to]
        if slack_days and found and day_from <= found[-1][1] + slack_days:
            known, first, last = found[-1]
            found[-1] = (known | own, first, max(last, day_to))
        else:
            found.append((own, day_from, day_to))
    return found
