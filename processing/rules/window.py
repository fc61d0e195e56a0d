"""What rules read and return: windows of incidents and of the cube, and drafts of flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.codec import decode
from schemas.flag import Band, Certainty
from schemas.incident import Incident

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentColumns:
    """Current incidents (not retracted, no exercise), in order of (day, incident_id).

    Places are degrees or NaN; `radius_m` metres; `occurred_us` microseconds since 1970. `body` is
    the whole incident as JSON: decode it only for the few rows that become evidence.
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

    def incident(self, row: int) -> Incident:
        """Decode one row whole."""
        return decode(Incident, self.body[row])


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeColumns:
    """Rows of the activity cube, summed over cells, actor classes and levels.

    One row per (adm2, day, event_class), in that order.
    """

    adm2: Sequence[str]
    day: IntArray
    event_class: Sequence[str]
    incidents: IntArray
    deaths: IntArray
    civilian_deaths: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Incidents that a batch changed: as they were before (if they were) and as they are now."""

    before: IncidentColumns
    after: IncidentColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentWindow:
    """Incidents to read: those in H3 resolution-4 cells from one day to another, both included.

    Cell 0 holds the incidents without a place. `event_classes` and `actor_keys`, when not empty,
    and `named_only` (somebody is named) say what is enough: a reader may use them to read less, and
    is right too when it reads more.
    """

    cells4: frozenset[int]
    day_from: int
    day_to: int
    event_classes: frozenset[str] = frozenset()
    actor_keys: frozenset[str] = frozenset()
    named_only: bool = False


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
    evidence: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    excluded: tuple[str, ...] = field(default=())
    explanation: str

    def flag_key(self) -> str:
        """Return the stable key: rule and variant, place, actor class, mission-local day."""
        rule = f"{self.rule_id}:{self.variant}" if self.variant else self.rule_id
        return f"{rule}|{self.place_key}|{self.actor_class}|{self.day}"
