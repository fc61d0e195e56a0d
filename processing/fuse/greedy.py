"""Fusing from scratch: the partition that a set of reports has, whatever their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

from processing.fuse.agree import Agreement
from processing.fuse.columns import SightingColumns
from processing.fuse.walk import Walk
from schemas.clock import day_start_ms
from schemas.identity import incident_id


def fuse_all(scene: SightingColumns) -> Mapping[str, tuple[str, ...]]:
    """Return the incidents of a whole scene: incident id → its root_ids, smallest first.

    In the order of `processing.fuse.order`, each report joins the nearest incident all of whose
    members agree with it (distance to the founder; ties by the founder's root_id), else it founds
    one. `scene.incident_id` is not read.
    """
    if not len(scene):
        return {}
    agreement = Agreement(scene)
    rows = np.flatnonzero(agreement.is_fusible).tolist()
    walk = Walk(scene=scene, agreement=agreement, standing=lambda *_: (), undecided=rows)
    walk.begin(rows)
    walk.run()
    alone = ([row] for row in np.flatnonzero(~agreement.is_fusible).tolist())
    return dict(named(scene, rows) for rows in (*walk.members.values(), *alone))


def named(scene: SightingColumns, rows: Iterable[int]) -> tuple[str, tuple[str, ...]]:
    """Return the id of the incident that some rows are, and their root_ids, smallest first."""
    members = [scene.sightings[row] for row in rows]
    roots = tuple(sorted([one.root_id for one in members]))
    return id_of(members[0].day, roots[0]), roots


@lru_cache(maxsize=65_536)
def id_of(day: int, smallest_root_id: str) -> str:
    """Return the id of an incident from its mission-local day and its smallest root_id."""
    return incident_id(day_start_ms(day), smallest_root_id)
