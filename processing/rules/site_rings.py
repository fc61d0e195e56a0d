"""Which sites some incidents come close to, and in which ring: surely or only possibly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from processing.fuse.cells import MAX_RADIUS_M
from processing.rules.certainty import is_placed, settle, within
from processing.rules.layers import Layers
from processing.rules.window import IncidentColumns
from schemas.flag import Band, Certainty
from schemas.layer import Feature
from schemas.rule import SiteRings, ViolenceNearSite

_METRES_IN_KM = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An incident in a ring of a site. `band` already counts whether it is only possible."""

    row: int
    site: Feature
    edge_m: float
    ring_m: float
    band: Band
    certainty: Certainty

    def rank(self) -> tuple[int, bool, float, int]:
        """Order hits: the highest band, certain before possible, then the nearest, come first."""
        return -self.band, self.certainty is Certainty.POSSIBLE, self.edge_m, self.row


def violent_rows(rule: ViolenceNearSite, columns: IncidentColumns) -> list[int]:
    """Return the rows that the rule is about: of its types or classes, with a usable place."""
    types, classes = frozenset(rule.event_types), frozenset(rule.event_classes)
    facts = zip(columns.event_type, columns.event_class, strict=True)
    rows = [row for row, (kind, class_) in enumerate(facts) if kind in types or class_ in classes]
    if not rows:
        return rows
    is_known = is_placed(columns).tolist()
    return [row for row in rows if is_known[row]]


def hits(
    rule: ViolenceNearSite, columns: IncidentColumns, rows: Sequence[int], layers: Layers
) -> Iterator[Hit]:
    """Yield each (incident, site) in whose rings the incident lies, with the best of its bands."""
    if not rows:
        return
    factors = _factors(rule, columns, rows)
    for spec in rule.sites:
        features = layers.features(spec.layer)
        if not features:
            continue
        found = layers.within(
            columns.lon[rows],
            columns.lat[rows],
            columns.day[rows],
            layer=spec.layer,
            kinds=spec.kinds,
            reach_m=_reach_m(spec, factors, columns.radius_m[rows].tolist()),
        )
        for row, factor, pairs in zip(rows, factors, found, strict=True):
            for at, edge_m in pairs:
                hit = _hit(spec, features[at], edge_m, columns=columns, row=row, factor=factor)
                if hit is not None:
                    yield hit


def farthest_m(rule: ViolenceNearSite, layer: str) -> float:
    """Return how far from a site's edge an incident of any radius may lie and still be a hit."""
    return max(
        _reach_m(spec, [rule.wide_factor], [MAX_RADIUS_M])
        for spec in rule.sites
        if spec.layer == layer
    )


def _factors(rule: ViolenceNearSite, columns: IncidentColumns, rows: Sequence[int]) -> list[float]:
    wide = frozenset(rule.wide_event_types)
    return [rule.wide_factor if columns.event_type[row] in wide else 1.0 for row in rows]


def _reach_m(spec: SiteRings, factors: Sequence[float], radii_m: Sequence[float]) -> float:
    """Return the largest distance at which some place can be a hit.

    A place that only possibly lies in a ring of the lowest band is none, so its radius does not
    count there.
    """
    surely_m = max(ring.within_km for ring in spec.rings) * _METRES_IN_KM
    maybe = [ring.within_km for ring in spec.rings if ring.band > Band.LOW]
    maybe_m = max(maybe, default=0.0) * _METRES_IN_KM
    return max(
        max(surely_m * factor, maybe_m * factor + radius_m)
        for factor, radius_m in zip(factors, radii_m, strict=True)
    )


def _hit(
    spec: SiteRings,
    site: Feature,
    edge_m: float,
    *,
    columns: IncidentColumns,
    row: int,
    factor: float,
) -> Hit | None:
    if (site.population or 0) < spec.min_population:
        return None
    radius_m = float(columns.radius_m[row])
    best: Hit | None = None
    for ring in spec.rings:
        ring_m = ring.within_km * _METRES_IN_KM * factor
        certainty = within(edge_m, radius_m, limit_m=ring_m)
        band = settle(ring.band, certainty) if certainty else None
        if certainty is None or band is None:
            continue
        hit = Hit(row=row, site=site, edge_m=edge_m, ring_m=ring_m, band=band, certainty=certainty)
        if best is None or hit.rank() < best.rank():
            best = hit
    return best


def nearest_first(found: Sequence[Hit]) -> list[Hit]:
    """Return hits of one site in order of their distance; ties in order of rows."""
    order = np.lexsort(([hit.row for hit in found], [hit.edge_m for hit in found]))
    return [found[at] for at in order.tolist()]
