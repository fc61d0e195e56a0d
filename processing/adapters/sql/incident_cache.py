"""The live incidents of the cells that rules looked at last, kept in memory by the one writer.

Rules look back half a year around every incident that a batch touches; reading that anew from the
database for each batch would cost more with every incident that is stored. What is kept here is
what the database holds: it is filled from it, follows each write, and is forgotten when a
transaction fails or somebody else has written incidents in between.

Facts are kept in columns, so that a window of thousands of incidents is a few array operations. A
cell lists the slots of its incidents in these columns, in order, and again those of each actor: who
asks for one actor's past reads nothing else.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from typing_extensions import override

from processing.batch.rows import IncidentRow
from processing.rules.exhibit import Exhibit, read_exhibit
from processing.rules.window import IncidentColumns, IncidentWindow, IntArray, Labels, Names, Texts
from schemas.clock import day_start_ms
from schemas.identity import incident_id

# A kept incident is some 500 bytes.
MOST_ROWS = 200_000

# What is read before the first day that is asked for, so that late reports find it there.
_MARGIN_DAYS = 28
# What one is as evidence is about as large.
_MOST_EXHIBITS = 20_000

_FIRST_SIZE = 1_024
_NOBODY = frozenset({""})
# A rank orders incidents as (day, id) does, but for ties: the day, and bits of the id.
_RANK_BITS = 40
_SAME = 15


Bodies = Callable[[Sequence[str]], Sequence[bytes]]


class LiveRow(NamedTuple):
    """What rules read of a live incident, in the order of (day, incident_id)."""

    day: int
    incident_id: str
    occurred_start: int
    event_type: str
    event_class: str
    actor_class: str
    actor_key: str
    severity: int
    lon: float | None
    lat: float | None
    radius_m: float | None
    adm1: str | None
    adm2: str | None
    level: int


# Whole numbers of an incident, in order: some facts, and its texts as numbers of names.
_FACTS = ("rank", "day", "occurred_us", "severity", "level")
_TEXTS = ("event_type", "event_class", "actor_class", "actor_key", "adm1", "adm2")
_WHOLE = (*_FACTS, *_TEXTS)
_RANK, _DAY, _SEVERITY = (_WHOLE.index(name) for name in ("rank", "day", "severity"))
_CLASS, _ACTOR = _WHOLE.index("event_class"), _WHOLE.index("actor_key")
_AT_TEXTS = tuple((_WHOLE.index(name), name) for name in _TEXTS)
_PLACE = ("lon", "lat", "radius_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptColumns(IncidentColumns):
    """Columns of the cache. What was looked into once is there until it is written anew.

    `kept` and `written` are by slot: what is known as evidence, and bodies of this transaction.
    """

    slots: IntArray
    kept: dict[int, Exhibit]
    written: Mapping[int, bytes]

    @override
    def exhibits(self, rows: Sequence[int]) -> list[Exhibit]:
        kept, slots = self.kept, self.slots[list(rows)].tolist()
        for row, slot in zip(rows, slots, strict=True):
            if slot not in kept:
                kept[slot] = read_exhibit(self.written.get(slot) or self.body[row])
        return [kept[slot] for slot in slots]


class _Kept(NamedTuple):
    """Where an incident is kept, its rank, and the number of its actor."""

    slot: int
    rank: int
    actor: int


@dataclass(slots=True)
class _Line:
    """Some incidents of a cell: their ranks in order, and the slot of each."""

    ranks: array[int] = field(default_factory=lambda: array("q"))
    slots: array[int] = field(default_factory=lambda: array("q"))

    def put(self, rank: int, slot: int) -> None:
        at = bisect_left(self.ranks, rank)
        self.ranks.insert(at, rank)
        self.slots.insert(at, slot)

    def take(self, rank: int, slot: int) -> None:
        at = self.slots.index(slot, bisect_left(self.ranks, rank))
        del self.ranks[at]
        del self.slots[at]


@dataclass(slots=True)
class _Cell:
    """The incidents of a cell from a day on: all of them, and those of each actor."""

    since: int
    whole: _Line = field(default_factory=_Line)
    by_actor: dict[int, _Line] = field(default_factory=lambda: defaultdict(_Line))

    def put(self, one: _Kept) -> None:
        self.whole.put(one.rank, one.slot)
        self.by_actor[one.actor].put(one.rank, one.slot)

    def take(self, one: _Kept) -> None:
        self.whole.take(one.rank, one.slot)
        self.by_actor[one.actor].take(one.rank, one.slot)


class _Enough(NamedTuple):
    """What is enough for a window, its actors aside."""

    event_classes: frozenset[str]
    named_only: bool
    or_severity: int


class _Table:
    """Facts of incidents by slot."""

    def __init__(self) -> None:
        self.names = {name: Names() for name in _TEXTS}
        self._all_names = tuple(self.names.values())
        self._is_ranked = True
        self._ids: list[str] = []
        self._free: list[int] = []
        self._given_up: list[int] = []
        self._exhibits: dict[int, Exhibit] = {}
        self._written: dict[int, bytes] = {}
        self._whole = np.zeros((_FIRST_SIZE, len(_WHOLE)), dtype=np.int64)
        self._place = np.zeros((_FIRST_SIZE, len(_PLACE)), dtype=np.float64)

    def put(self, rows: Sequence[LiveRow | IncidentRow]) -> list[_Kept]:
        """Keep some rows and return where each is kept."""
        if not rows:
            return []
        slots = [self._free.pop() if self._free else self._new() for _ in rows]
        ranks = [self._rank(row.day, row.incident_id) for row in rows]
        types, classes, actors, keys, adm1, adm2 = self._all_names
        actor = [keys[row.actor_key] for row in rows]
        self._whole[slots] = [
            (
                rank,
                row.day,
                row.occurred_start,
                row.severity,
                row.level,
                types[row.event_type],
                classes[row.event_class],
                actors[row.actor_class],
                key,
                adm1[row.adm1 or ""],
                adm2[row.adm2 or ""],
            )
            for rank, key, row in zip(ranks, actor, rows, strict=True)
        ]
        # None becomes NaN.
        self._place[slots] = [(row.lon, row.lat, row.radius_m) for row in rows]
        for slot, row in zip(slots, rows, strict=True):
            self._ids[slot] = row.incident_id
            self._exhibits.pop(slot, None)
            if isinstance(row, IncidentRow):
                self._written[slot] = row.body
        return list(map(_Kept, slots, ranks, actor))

    def give_up(self, slots: Iterable[int]) -> list[str]:
        """Give up some slots and return the ids that they hold."""
        self._given_up += slots
        return [self._ids[slot] for slot in slots]

    def remove(self, slot: int) -> _Kept:
        """Give up a slot and return what was kept there. What it holds stays until `leave`."""
        self._given_up.append(slot)
        return _Kept(slot, int(self._whole[slot, _RANK]), int(self._whole[slot, _ACTOR]))

    def actors(self, keys: Iterable[str]) -> list[int]:
        """Return the numbers of some actors, those that any incident ever named."""
        names = self.names["actor_key"]
        return [names[key] for key in keys if key in names]

    def leave(self) -> None:
        """Let the slots that were given up be used again: no columns are in use any more."""
        self._free += self._given_up
        self._given_up.clear()
        self._written.clear()
        if len(self._exhibits) > _MOST_EXHIBITS:
            self._exhibits.clear()

    def ids(self, slots: IntArray) -> Sequence[str]:
        """Return the ids of some slots, each read when it is looked at."""
        return Texts(self._ids, slots)

    def passing(self, slots: IntArray, enough: _Enough) -> IntArray:
        """Return the slots of what is enough."""
        if enough.event_classes:
            wanted = self._labels(_CLASS, slots).among(enough.event_classes)
            if enough.or_severity:
                wanted |= self._whole[slots, _SEVERITY] >= enough.or_severity
            slots = slots[wanted]
        if enough.named_only:
            slots = slots[~self._labels(_ACTOR, slots).among(_NOBODY)]
        return slots

    def ordered(self, slots: IntArray) -> IntArray:
        """Return slots in order of (day, incident_id)."""
        rank = self._whole[slots, _RANK]
        order = rank.argsort()
        rank = rank[order]
        if not self._is_ranked or bool((rank[1:] == rank[:-1]).any()):
            days, ids = self._whole[slots, _DAY].tolist(), list(self.ids(slots))
            by_id = sorted(range(len(ids)), key=lambda at: (days[at], ids[at]))
            order = np.array(by_id, dtype=np.int64)
        return np.asarray(slots[order], dtype=np.int64)

    def columns(self, slots: IntArray, bodies: Bodies) -> KeptColumns:
        """Return some slots as rules read them."""
        whole = np.ascontiguousarray(self._whole[slots].T)
        lon, lat, radius_m = np.ascontiguousarray(self._place[slots].T)
        texts = {name: Labels(self.names[name], whole[at]) for at, name in _AT_TEXTS}
        ids = self.ids(slots)
        return KeptColumns(
            incident_id=ids,
            day=whole[_DAY],
            occurred_us=whole[_WHOLE.index("occurred_us")],
            severity=whole[_SEVERITY],
            level=whole[_WHOLE.index("level")],
            lon=lon,
            lat=lat,
            radius_m=radius_m,
            body=bodies(ids),
            slots=slots,
            kept=self._exhibits,
            written=self._written,
            **texts,
        )

    def _labels(self, at: int, slots: IntArray) -> Labels:
        return Labels(self.names[_WHOLE[at]], self._whole[slots, at])

    def _rank(self, day: int, name: str) -> int:
        if name[:_SAME] == _beginning(day):
            return day << _RANK_BITS | _following(name)
        self._is_ranked = False
        return day << _RANK_BITS

    def _new(self) -> int:
        slot = len(self._ids)
        self._ids.append("")
        if slot >= len(self._whole):
            self._whole = np.concatenate((self._whole, np.zeros_like(self._whole)))
            self._place = np.concatenate((self._place, np.zeros_like(self._place)))
        return slot


class IncidentCache:
    """Live incidents by cell, in order of day and id. For one thread."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._cells: dict[int, _Cell] = {}
        self._where: dict[str, tuple[int, int]] = {}
        self._table = _Table()

    def shrink(self) -> None:
        """Forget as much as is too much."""
        if len(self._where) > self._most_rows:
            self.clear()
        self._table.leave()

    def clear(self) -> None:
        """Forget everything."""
        self._cells.clear()
        self._where.clear()
        self._table = _Table()

    def missing(self, windows: Iterable[IncidentWindow]) -> list[tuple[int, int]]:
        """Return (cell, first day) of what must be read first, up to the last day there is."""
        asked: dict[int, int] = {}
        for window in windows:
            first = window.day_from
            for cell in window.cells4:
                kept = self._cells.get(cell)
                if kept is None or first < kept.since:
                    asked[cell] = min(asked.get(cell, first), first)
        return [(cell, asked[cell] - _MARGIN_DAYS) for cell in sorted(asked)]

    def fill(self, cells: Iterable[tuple[int, int]], rows: Sequence[tuple[int, LiveRow]]) -> None:
        """Take in all live incidents of some cells from a day on, as (cell, row)."""
        for cell, since in cells:
            former = self._cells.get(cell)
            for name in self._table.give_up(former.whole.slots) if former else ():
                self._where.pop(name)
            self._cells[cell] = _Cell(since)
        self._put([cell for cell, _ in rows], [row for _, row in rows])

    def put(self, rows: Iterable[IncidentRow]) -> None:
        """Follow a write of incidents, each of them once."""
        live: list[IncidentRow] = []
        for row in rows:
            self._remove(row.incident_id)
            kept = self._cells.get(row.cell4)
            if kept and row.day >= kept.since and not row.retracted and not row.exercise:
                live.append(row)
        self._put([row.cell4 for row in live], live)

    def drop(self, incident_ids: Iterable[str]) -> None:
        """Follow the removal of incidents."""
        for gone in incident_ids:
            self._remove(gone)

    def select(self, windows: Sequence[IncidentWindow]) -> IntArray:
        """Return the slots of what is in any of some windows, in order of (day, incident_id)."""
        alike: dict[_Enough, array[int]] = {}
        for window in windows:
            enough = _Enough(window.event_classes, window.named_only, window.or_severity)
            self._add(alike.setdefault(enough, array("q")), window)
        selected = [
            self._table.passing(np.array(slots, dtype=np.int64), enough)
            for enough, slots in alike.items()
        ]
        # One window has nothing twice.
        if len(windows) == 1:
            return self._table.ordered(selected[0])
        return self._table.ordered(np.unique(np.concatenate(selected)))

    def _add(self, found: array[int], window: IncidentWindow) -> None:
        first, after = window.day_from << _RANK_BITS, (window.day_to + 1) << _RANK_BITS
        for line in self._lines(window):
            ranks = line.ranks
            if ranks and ranks[-1] >= first:
                start = bisect_left(ranks, first)
                end = bisect_left(ranks, after, start) if ranks[-1] >= after else len(ranks)
                found += line.slots[start:end]

    def _lines(self, window: IncidentWindow) -> Iterable[_Line]:
        cells = [self._cells[cell] for cell in window.cells4]
        if not window.actor_keys:
            return [cell.whole for cell in cells]
        found = (
            cell.by_actor.get(actor)
            for actor in self._table.actors(window.actor_keys)
            for cell in cells
        )
        return [line for line in found if line]

    def columns(self, slots: IntArray, bodies: Bodies) -> KeptColumns:
        """Return some slots as rules read them; `bodies` gives the bodies of some ids."""
        return self._table.columns(slots, bodies)

    def _put(self, cells: Sequence[int], rows: Sequence[LiveRow | IncidentRow]) -> None:
        for cell, row, kept in zip(cells, rows, self._table.put(rows), strict=True):
            self._cells[cell].put(kept)
            self._where[row.incident_id] = (cell, kept.slot)

    def _remove(self, name: str) -> None:
        known = self._where.pop(name, None)
        if known is not None:
            cell, slot = known
            self._cells[cell].take(self._table.remove(slot))


@lru_cache(maxsize=4_096)
def _beginning(day: int) -> str:
    """Return how ids of a day begin, up to the version; what follows is a hash."""
    return incident_id(day_start_ms(day), "")[:_SAME]


def _following(name: str) -> int:
    """Return the first bits that tell the ids of a day apart, in the same order."""
    return int(name[15:18] + name[19:23] + name[24:27], 16)
