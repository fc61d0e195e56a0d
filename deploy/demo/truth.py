"""Score fusion against the events that the reports were made from.

Truth units are UCDP events whose place and day are known well (`where_prec` ≤ 2, `date_prec` ≤ 2);
those of equal type, dyad and start day within 10 km of each other (linked in chains) count as one,
since nobody in the field could tell them apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploy.demo.events import Event
from schemas.geometry import Position, geodesic_m

MAX_WHERE_PREC = 2
MAX_DATE_PREC = 2
UNIT_REACH_M = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well incidents match truth units.

    `exact` units are exactly one incident that holds no other unit's report; `mixed` are
    incidents that hold reports of more than one unit, out of `incidents` that hold any.
    """

    units: int
    exact: int
    split: tuple[str, ...]
    incidents: int
    mixed: int

    @property
    def exact_share(self) -> float:
        """Return the share of units that are exactly one incident."""
        return self.exact / self.units if self.units else 1.0

    @property
    def mixed_share(self) -> float:
        """Return the share of incidents that mix units."""
        return self.mixed / self.incidents if self.incidents else 0.0


def truth_units(events: Sequence[Event]) -> list[tuple[str, ...]]:
    """Return the units as sorted event ids, sorted."""
    groups: dict[tuple[int, str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.where_prec <= MAX_WHERE_PREC and event.date_prec <= MAX_DATE_PREC:
            key = (event.violence, event.dyad, event.date_start.isoformat())
            groups[key].append(event)
    return sorted(unit for group in groups.values() for unit in _chained(group))


def score(units: Sequence[tuple[str, ...]], incident_events: Iterable[Sequence[str]]) -> Score:
    """Score incidents, each given as the event ids of its reports (repeated ids are fine)."""
    unit_of = {event_id: number for number, unit in enumerate(units) for event_id in unit}
    found: Mapping[int, set[int]] = defaultdict(set)
    holds: list[set[int]] = []
    for number, events in enumerate(incident_events):
        inside = {unit_of[event_id] for event_id in events if event_id in unit_of}
        holds.append(inside)
        for unit in inside:
            found[unit].add(number)
    exact = {
        unit
        for unit, incidents in found.items()
        if len(incidents) == 1 and len(holds[next(iter(incidents))]) == 1
    }
    return Score(
        units=len(units),
        exact=len(exact),
        split=tuple("+".join(unit) for number, unit in enumerate(units) if number not in exact),
        incidents=sum(1 for inside in holds if inside),
        mixed=sum(1 for inside in holds if len(inside) > 1),
    )


def _chained(events: Sequence[Event]) -> list[tuple[str, ...]]:
    left = list(events)
    units = []
    while left:
        chain = [left.pop()]
        for member in chain:
            near = [event for event in left if _near(member, event)]
            chain.extend(near)
            left = [event for event in left if event not in near]
        units.append(tuple(sorted(event.event_id for event in chain)))
    return units


def _near(a: Event, b: Event) -> bool:
    return (
        geodesic_m(Position(lon=a.lon, lat=a.lat), Position(lon=b.lon, lat=b.lat)) <= UNIT_REACH_M
    )
