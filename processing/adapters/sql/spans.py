"""Ranges of days per key, joined so that nothing is read twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

KeyT = TypeVar("KeyT", int, str)


def joined(spans: Iterable[tuple[KeyT, int, int]]) -> list[tuple[KeyT, int, int]]:
    """Return (key, first day, last day) that hold the same days as some others, none twice.

    In order of key and day, as an index has them.
    """
    by_key: dict[KeyT, list[tuple[int, int]]] = {}
    for key, first, last in spans:
        by_key.setdefault(key, []).append((first, last))
    return [(key, first, last) for key in sorted(by_key) for first, last in _joined(by_key[key])]


def _joined(days: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    ordered = sorted(days)
    first, last = ordered[0]
    for day_from, day_to in ordered[1:]:
        if day_from > last + 1:
            yield first, last
            first = day_from
        last = max(last, day_to)
    yield first, last
