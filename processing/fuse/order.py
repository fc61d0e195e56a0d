"""The order in which reports are fused: the surest first, so that few have to be decided again."""

from __future__ import annotations

import hashlib

from processing.fuse.columns import Sighting

UNKNOWN_CLASS = "OTHER"

# (unknown class, unknown actor, radius in metres, SHA-256 of the root_id): total, since root_ids
# differ.
Rank = tuple[bool, bool, float, bytes]


def rank(sighting: Sighting) -> Rank:
    """Return the place of a report in the order; smaller is decided before."""
    return (
        sighting.event_class == UNKNOWN_CLASS,
        not sighting.actors,
        sighting.radius_m,
        hashlib.sha256(sighting.root_id.encode()).digest(),
    )
