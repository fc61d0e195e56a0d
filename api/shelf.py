"""The mission's layers in memory, read anew when a layer was loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from api.repository.layers import LayerHead, layer_head, read_features
from api.shapes import layer_feature
from schemas.access import Principal
from schemas.layer import Feature, LayerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvedLayer:
    """One version of a layer. `names` are by feature id, `drawn` the GeoJSON of each feature."""

    head: LayerHead
    features: tuple[Feature, ...]
    drawn: tuple[bytes, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of a layer's features in one version of it."""

    version: str
    by_id: Mapping[str, str]


class Shelf:
    """Keeps each layer in the version that is stored. Safe to use from several threads."""

    def __init__(self) -> None:
        self._layers: dict[str, ShelvedLayer] = {}

    def layer(self, connection: Connection, name: str) -> ShelvedLayer | None:
        """Return a layer as stored now, or None where there is none."""
        head = layer_head(connection, name)
        if head is None:
            return None
        known = self._layers.get(name)
        if known is not None and known.head == head:
            return known
        features = read_features(connection, name)
        names = {feature.feature_id: feature.name for feature in features}
        drawn = tuple(layer_feature(feature) for feature in features)
        fresh = ShelvedLayer(head=head, features=features, drawn=drawn, names=names)
        self._layers[name] = fresh
        return fresh

    def counties(self, connection: Connection) -> Names:
        """Return the names of the counties by P-code; empty before the layer is loaded."""
        counties = self.layer(connection, LayerKind.ADM2)
        if counties is None:
            return Names(version="", by_id={})
        return Names(version=counties.head.sha256, by_id=counties.names)

    def widen(self, connection: Connection, principal: Principal) -> Principal:
        """Return a person whose areas also name the counties of each of their states."""
        if not principal.areas:
            return principal
        counties = self.layer(connection, LayerKind.ADM2)
        if counties is None:
            return principal
        own = frozenset(principal.areas)
        inside = {each.feature_id for each in counties.features if each.parent_id in own}
        return principal.model_copy(update={"areas": tuple(sorted(own | inside))})
