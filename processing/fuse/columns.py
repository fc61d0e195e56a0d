"""Columns that fusing reads, one row a current report that can be fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from schemas.geometry import FloatArray, unit_xyz

# Keys of one day and mark lie within 2 of each other, those of others at least 2 further.
_APART = 4.0


class Sighting(NamedTuple):
    """One report as fusing compares it.

    `day` is mission-local; `event_class` "OTHER" is unknown; `actors` the sorted tokens of named
    parties that are not victims (empty is unknown); `actor_types` their sorted type codes. A NaN
    place is unresolved: such a report fuses with nothing, nor does one whose radius is beyond
    25 km.
    """

    root_id: str
    day: int
    event_class: str
    lon: float
    lat: float
    radius_m: float
    actors: tuple[str, ...]
    actor_types: tuple[str, ...]
    exercise: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingColumns:
    """Reports in a scene: the highest revision of each root, not retracted, of a fusible kind.

    `incident_id` is what each belonged to when the scene was read ("" for a new one). `numbers`
    are `numbers_of` the sightings; a radius that is NaN there hides a report from all others.
    """

    sightings: Sequence[Sighting]
    incident_id: Sequence[str]
    numbers: FloatArray

    def __len__(self) -> int:
        return len(self.sightings)

    @property
    def lon(self) -> FloatArray:
        """Degrees."""
        return self._number(0)

    @property
    def lat(self) -> FloatArray:
        """Degrees."""
        return self._number(1)

    @property
    def radius_m(self) -> FloatArray:
        """Metres; NaN for a report that nothing may meet."""
        return self._number(2)

    @property
    def key(self) -> FloatArray:
        """What differs by at most the chord between two reports of one day and mark."""
        return self._number(3)

    @property
    def xyz(self) -> FloatArray:
        """Places on the unit sphere, shape (3, n)."""
        return self.numbers[4:]

    def _number(self, which: int) -> FloatArray:
        found: FloatArray = self.numbers[which]
        return found


def numbers_of(sightings: Sequence[Sighting]) -> FloatArray:
    """Return the numbers of some reports, one column a report."""
    said = [(s.lon, s.lat, s.radius_m, s.day * 2 + s.exercise) for s in sightings]
    lon, lat, radius_m, apart = np.array(said, dtype=np.float64).reshape(-1, 4).T
    x, y, z = unit_xyz(lon, lat).T
    return np.stack((lon, lat, radius_m, apart * _APART + z, x, y, z))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """What fusing concluded about a scene.

    `groups` are the incidents whose members or whose members' contents changed: new incident id →
    root_ids, smallest first; `days` are their days. `gone` are ids that exist no more: old id → the
    id that now holds most of its reports (ties by id), or None when all its reports are gone.
    """

    groups: Mapping[str, tuple[str, ...]]
    days: Mapping[str, int]
    gone: Mapping[str, str | None]
