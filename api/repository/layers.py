"""Layers in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from api.queries import layers as queries
from schemas.access import Principal
from schemas.codec import decode
from schemas.layer import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerHead:
    """A layer without its features; `sha256` is of its contents."""

    layer: str
    version: int
    sha256: str
    source: str
    features: int


def layer_head(connection: Connection, layer: str) -> LayerHead | None:
    """Return which version of a layer is stored."""
    row = connection.execute(queries.head(layer)).one_or_none()
    return None if row is None else _head(row)


def list_layers(connection: Connection, principal: Principal) -> list[LayerHead]:
    """Return the layers that a person may see, by name."""
    return [_head(row) for row in connection.execute(queries.listed(principal))]


def read_features(connection: Connection, layer: str) -> tuple[Feature, ...]:
    """Return the features of a layer by id."""
    bodies = connection.execute(queries.features(layer)).scalars()
    return tuple(decode(Feature, body) for body in bodies)


def _head(row: Row[Any]) -> LayerHead:
    return LayerHead(
        layer=row.layer,
        version=row.version,
        sha256=row.sha256,
        source=row.source,
        features=row.features,
    )
