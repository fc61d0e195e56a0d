"""The GeoJSON of incidents as bytes, one for each revision and view: a map query joins bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from api.repository.incidents import StoredIncident
from api.shapes import incident_summary

# About 700 bytes each.
MAX_FEATURES = 20_000


class CachedFeature(NamedTuple):
    """A feature, and when it happened, to order a page by."""

    occurred_start: datetime
    body: bytes


class FeatureCache:
    """Keeps the features that were asked for last. Safe to use from several threads."""

    def __init__(self, max_features: int = MAX_FEATURES) -> None:
        self._max = max_features
        self._features: OrderedDict[tuple[object, ...], CachedFeature] = OrderedDict()
        self._lock = threading.Lock()

    def newest_first(
        self, stored: Iterable[StoredIncident], counties: Mapping[str, str], *, version: str
    ) -> list[bytes]:
        """Return the features of some incidents by time; `version` is that of the counties."""
        found = [self._feature(each, counties, version) for each in stored]
        found.sort(key=_occurred, reverse=True)
        return [each.body for each in found]

    def _feature(
        self, stored: StoredIncident, counties: Mapping[str, str], version: str
    ) -> CachedFeature:
        key = (version, *stored.key)
        with self._lock:
            known = self._features.get(key)
            if known is not None:
                self._features.move_to_end(key)
                return known
        incident = stored.incident()
        fresh = CachedFeature(incident.occurred_start, incident_summary(incident, counties))
        with self._lock:
            self._features[key] = fresh
            while len(self._features) > self._max:
                self._features.popitem(last=False)
        return fresh


def _occurred(feature: CachedFeature) -> datetime:
    return feature.occurred_start
