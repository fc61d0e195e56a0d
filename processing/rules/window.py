"""What rules read and return: windows of incidents and of the cube, and drafts of flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from processing.rules.exhibit import EvidenceRow, Exhibit, read_exhibit
from schemas.flag import Band, Certainty

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Names(dict[str, int]):
    """Texts that occur often, numbered in the order in which they are first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(text)
        return number

    def chosen(self, texts: Iterable[str]) -> BoolArray:
        """Say of each number whether its text is one of some."""
        found = np.zeros(len(self.texts), dtype=np.bool_)
        found[[self[text] for text in texts if text in self]] = True
        return found


class Texts(Sequence[str]):
    """A column of texts, kept as their numbers in a list."""

    def __init__(self, texts: Sequence[str], numbers: IntArray) -> None:
        self._texts = texts
        self.numbers = numbers

    @override
    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    @override
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return list(Texts(self._texts, self.numbers[row]))
        text: str = self._texts[self.numbers[row]]
        return text

    @override
    def __iter__(self) -> Iterator[str]:
        return map(self._texts.__getitem__, self.numbers.tolist())


class Labels(Texts):
    """A column of texts that occur often."""

    def __init__(self, names: Names, numbers: IntArray) -> None:
        super().__init__(names.texts, numbers)
        self._names = names

    def among(self, wanted: Iterable[str]) -> BoolArray:
        """Say of each row whether it is one of some texts."""
        return np.asarray(self._names.chosen(wanted)[self.numbers], dtype=np.bool_)


def among(column: Sequence[str], wanted: Iterable[str]) -> BoolArray:
    """Say of each row of a column whether it is one of some texts."""
    if isinstance(column, Labels):
        return column.among(wanted)
    texts = frozenset(wanted)
    return np.fromiter((text in texts for text in column), dtype=np.bool_, count=len(column))


def numbered(column: Sequence[str]) -> IntArray:
    """Return numbers that are equal where the texts of a column are."""
    if isinstance(column, Labels):
        return column.numbers
    return np.asarray(np.unique(np.array(column), return_inverse=True)[1], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentColumns:
    """Current incidents (not retracted, no exercise), in order of (day, incident_id).

    Places are degrees or NaN; `radius_m` metres; `occurred_us` microseconds since 1970. `body` is
    the whole incident as JSON: look at it only for the few rows that become evidence.
    """

    incident_id: Sequence[str]
    day: IntArray
    occurred_us: IntArray
    event_type: Sequence[str]
    event_class: Sequence[str]
    actor_class: Sequence[str]
    actor_key: Sequence[str]
    severity: IntArray
    lon: FloatArray
    lat: FloatArray
    radius_m: FloatArray
    adm1: Sequence[str]
    adm2: Sequence[str]
    level: IntArray
    body: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.incident_id)

    def exhibits(self, rows: Sequence[int]) -> list[Exhibit]:
        """Return what some rows are as evidence."""
        return [read_exhibit(self.body[row]) for row in rows]


_NO_INTS: IntArray = np.zeros(0, dtype=np.int64)
_NO_FLOATS: FloatArray = np.zeros(0, dtype=np.float64)
NOTHING = IncidentColumns(
    incident_id=(),
    day=_NO_INTS,
    occurred_us=_NO_INTS,
    event_type=(),
    event_class=(),
    actor_class=(),
    actor_key=(),
    severity=_NO_INTS,
    lon=_NO_FLOATS,
    lat=_NO_FLOATS,
    radius_m=_NO_FLOATS,
    adm1=(),
    adm2=(),
    level=_NO_INTS,
    body=(),
)


def together(a: IncidentColumns, b: IncidentColumns) -> IncidentColumns:
    """Return the rows of both, those of `a` first: not in order if neither is empty."""
    if not len(a) or not len(b):
        return b if not len(a) else a
    return IncidentColumns(
        incident_id=[*a.incident_id, *b.incident_id],
        day=np.concatenate((a.day, b.day)),
        occurred_us=np.concatenate((a.occurred_us, b.occurred_us)),
        event_type=[*a.event_type, *b.event_type],
        event_class=[*a.event_class, *b.event_class],
        actor_class=[*a.actor_class, *b.actor_class],
        actor_key=[*a.actor_key, *b.actor_key],
        severity=np.concatenate((a.severity, b.severity)),
        lon=np.concatenate((a.lon, b.lon)),
        lat=np.concatenate((a.lat, b.lat)),
        radius_m=np.concatenate((a.radius_m, b.radius_m)),
        adm1=[*a.adm1, *b.adm1],
        adm2=[*a.adm2, *b.adm2],
        level=np.concatenate((a.level, b.level)),
        body=[*a.body, *b.body],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeColumns:
    """The activity cube, summed over cells, actor classes and levels.

    Arrays have the shape (event_class, adm2, days); the first day is `day_from`. Days, counties and
    classes that are left out hold nothing. Counties are in order.
    """

    event_class: Sequence[str]
    adm2: Sequence[str]
    day_from: int
    incidents: IntArray
    civilian_deaths: IntArray

    @property
    def day_to(self) -> int:
        """The last day."""
        days: int = self.incidents.shape[2]
        return self.day_from + days - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Incidents that a batch changed: as they were before (if they were) and as they are now.

    Rows are in any order.
    """

    before: IncidentColumns
    after: IncidentColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentWindow:
    """Incidents to read: those in H3 resolution-4 cells from one day to another, both included.

    Cell 0 holds the incidents without a place. `event_classes` and `actor_keys`, when not empty,
    and `named_only` (somebody is named) say what is enough: a reader may use them to read less, and
    is right too when it reads more. What is as severe as `or_severity`, unless that is 0, is wanted
    of any class.
    """

    cells4: frozenset[int]
    day_from: int
    day_to: int
    event_classes: frozenset[str] = frozenset()
    actor_keys: frozenset[str] = frozenset()
    named_only: bool = False
    or_severity: int = 0


# Gives the incidents of some windows as they are now: all of them, and maybe more.
ReadIncidents = Callable[[Sequence[IncidentWindow]], IncidentColumns]


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeWindow:
    """Cube rows to read: those of counties from one day to another, both included.

    `event_classes`, when not empty, says what is enough, as in `IncidentWindow`.
    """

    adm2: frozenset[str]
    day_from: int
    day_to: int
    event_classes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRange:
    """Stored flags that an evaluation answers for: whatever it does not return is withdrawn."""

    rule_id: str
    place_key: str
    day_from: int
    day_to: int
    actor_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule must look at again after some incidents changed."""

    incidents: tuple[IncidentWindow, ...] = ()
    cube: tuple[CubeWindow, ...] = ()
    flags: tuple[FlagRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagDraft:
    """A flag as a rule concludes it: no id, no revision, no state, no time of now.

    `occurred_us` is the latest start among the evidence; `evidence` are incident ids, sorted, with
    their reports as (root_id, revision), sorted. Numbers are JSON values, floats finite.
    """

    rule_id: str
    variant: str = ""
    place_key: str
    place_name: str
    actor_class: str
    day: int
    band: Band
    priority: int
    certainty: Certainty
    unverified: bool
    adm1: str
    adm2: str
    lon: float | None
    lat: float | None
    occurred_us: int
    level: int
    illustrative: bool
    numbers: dict[str, Any]
    evidence: tuple[EvidenceRow, ...]
    excluded: tuple[str, ...] = field(default=())
    explanation: str

    def flag_key(self) -> str:
        """Return the stable key: rule and variant, place, actor class, mission-local day."""
        rule = f"{self.rule_id}:{self.variant}" if self.variant else self.rule_id
        return f"{rule}|{self.place_key}|{self.actor_class}|{self.day}"
