"""What incidents add to the activity cube. Pure; integers only, so that sums are exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from processing.batch.rows import CubeRow
from processing.fuse.composed import Composed

Key = tuple[str, int, int, str, str, int]
Sums = tuple[int, int, int, int]

_NOTHING: Sums = (0, 0, 0, 0)


class Seen(NamedTuple):
    """An incident as it is, and as viewers of lower levels see it (empty: all see the same)."""

    incident: Composed
    views: Mapping[int, Composed]

    def by_level(self) -> list[tuple[int, Composed]]:
        """Return what is seen from each level up, lowest first."""
        return [*sorted(self.views.items()), (self.incident.level, self.incident)]


def contributions(seen: Seen, *, sign: int) -> Iterable[tuple[Key, Sums]]:
    """Yield what an incident adds (or takes away) at each level beyond the level below.

    Exercises and incidents that were taken back add nothing.
    """
    if seen.incident.exercise or seen.incident.retracted:
        return
    previous: Composed | None = None
    for level, view in seen.by_level():
        if previous is not None:
            yield _key(previous, level), _sums(previous, -sign)
        yield _key(view, level), _sums(view, sign)
        previous = view


def difference(before: Iterable[Seen], after: Iterable[Seen]) -> list[CubeRow]:
    """Return what must be added to the cube when some incidents become others; no rows of zeros."""
    total: dict[Key, Sums] = {}
    for sign, side in ((-1, before), (1, after)):
        for seen in side:
            for key, sums in contributions(seen, sign=sign):
                held = total.get(key, _NOTHING)
                total[key] = (
                    held[0] + sums[0],
                    held[1] + sums[1],
                    held[2] + sums[2],
                    held[3] + sums[3],
                )
    return [CubeRow(*key, *sums) for key, sums in sorted(total.items()) if any(sums)]


def _key(incident: Composed, level: int) -> Key:
    return (
        incident.adm2 or "",
        incident.day,
        int(incident.cell, 16) if incident.cell else 0,
        incident.event_class,
        incident.actor_class,
        level,
    )


def _sums(incident: Composed, sign: int) -> Sums:
    victims = incident.victims
    return (
        sign,
        sign * victims.killed_best,
        sign * victims.civilians_killed_best,
        sign * incident.weight_milli,
    )
