"""The order in which reports are fused: the surest first, so that few have to be decided again."""

from __future__ import annotations

import hashlib

from processing.fuse.columns import SightingColumns

UNKNOWN_CLASS = "OTHER"

# (unknown class, unknown actor, radius in metres, SHA-256 of the root_id): total, since root_ids
# differ.
Rank = tuple[bool, bool, float, bytes]


def rank(scene: SightingColumns, row: int) -> Rank:
    """Return the place of a report in the order; smaller is decided before."""
    return (
        scene.event_class[row] == UNKNOWN_CLASS,
        not scene.actors[row],
        float(scene.radius_m[row]),
        hashlib.sha256(scene.root_id[row].encode()).digest(),
    )
