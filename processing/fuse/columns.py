"""Columns that fusing reads, one row a current report that can be fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingColumns:
    """Reports in a scene: the highest revision of each root, not retracted, of a fusible kind.

    `day` is mission-local; `event_class` "OTHER" is unknown; `actors` the sorted tokens of named
    parties that are not victims (empty is unknown); `actor_types` their sorted type codes.
    NaN place is unresolved: such a report fuses with nothing, nor does one whose radius is beyond
    25 km. `incident_id` is what the report belonged to when the scene was read ("" for a new one).
    """

    root_id: Sequence[str]
    day: IntArray
    event_class: Sequence[str]
    lon: FloatArray
    lat: FloatArray
    radius_m: FloatArray
    cell4: IntArray
    actors: Sequence[tuple[str, ...]]
    actor_types: Sequence[tuple[str, ...]]
    exercise: Sequence[bool]
    incident_id: Sequence[str]

    def __len__(self) -> int:
        return len(self.root_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """What fusing concluded about a scene.

    `groups` are the incidents whose members or whose members' contents changed: new incident id →
    root_ids, smallest first. `gone` are ids that exist no more: old id → the id that now holds
    most of its reports (ties by id), or None when all its reports are gone.
    """

    groups: Mapping[str, tuple[str, ...]]
    gone: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedMore:
    """The scene is too small to decide: read these (day, cell4) too and ask again."""

    cells: frozenset[tuple[int, int]]
