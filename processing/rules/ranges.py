"""The flag keys that an evaluation answers for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from processing.rules.window import FlagRange, IncidentColumns, Scope

Span = tuple[int, int]


class Answers:
    """Says whether a (place, actor class, day) is among the keys of a scope."""

    def __init__(self, scope: Scope) -> None:
        self._spans: dict[tuple[str, str | None], list[Span]] = defaultdict(list)
        for one in scope.flags:
            self._spans[one.place_key, one.actor_class].append((one.day_from, one.day_to))
        self.day_from = min((one.day_from for one in scope.flags), default=0)
        self.day_to = max((one.day_to for one in scope.flags), default=-1)

    def covers(self, place_key: str, actor_class: str, day: int) -> bool:
        """Say whether this key must be answered for."""
        spans = self._spans
        for key in ((place_key, actor_class), (place_key, None)):
            for first, last in spans.get(key, ()):
                if first <= day <= last:
                    return True
        return False

    def places(self) -> frozenset[str]:
        """Return the place keys."""
        return frozenset(place for place, _ in self._spans)

    def rows_in_days(self, incidents: IncidentColumns) -> range:
        """Return the rows between the first and the last day; rows are in order of day."""
        first = int(incidents.day.searchsorted(self.day_from, side="left"))
        last = int(incidents.day.searchsorted(self.day_to, side="right"))
        return range(first, last)


def merged(ranges: Iterable[FlagRange]) -> tuple[FlagRange, ...]:
    """Return the ranges, overlapping and adjacent days of one key joined, in a fixed order."""
    spans: dict[tuple[str, str, str | None], list[Span]] = defaultdict(list)
    for one in ranges:
        spans[one.rule_id, one.place_key, one.actor_class].append((one.day_from, one.day_to))
    return tuple(
        FlagRange(rule_id=key[0], place_key=key[1], actor_class=key[2], day_from=first, day_to=last)
        for key in sorted(spans, key=lambda key: (key[0], key[1], key[2] or ""))
        for first, last in _joined(spans[key])
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
