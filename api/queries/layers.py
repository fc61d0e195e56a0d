"""The mission's layers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from api.access import visible_to
from schemas.access import Principal
from schemas.tables import layer_features, layers


def listed(principal: Principal) -> Select[Any]:
    """List the layers, without their features."""
    return select(layers).where(visible_to(principal, layers)).order_by(layers.c.layer)


def head(layer: str) -> Select[Any]:
    """Find one layer's version. For the service itself, not for an answer."""
    return select(layers).where(layers.c.layer == layer)


def features(layer: str) -> Select[Any]:
    """Read the features of a layer. For the service itself, not for an answer."""
    return (
        select(layer_features.c.body)
        .where(layer_features.c.layer == layer)
        .order_by(layer_features.c.feature_id)
    )
