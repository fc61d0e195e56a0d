"""Layers in the database: whole layers are replaced, and their version rises with each change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from processing.adapters.sql.errors import translated
from schemas.codec import decode, encode
from schemas.layer import Feature, LayerKind
from schemas.tables import layer_features, layers

Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLayer:
    """What is known of a stored layer without its features."""

    layer: LayerKind
    version: int
    sha256: str
    source: str
    features: int
    loaded_at: datetime


def store_layer(
    begin: Transaction,
    layer: LayerKind,
    features: Sequence[Feature],
    *,
    source: str,
    now: datetime,
) -> StoredLayer:
    """Replace a layer whole; equal features again change nothing. Durable when it returns."""
    rows = _bodies(features)
    digest = hashlib.sha256(b"\n".join(body for _, body in rows)).hexdigest()
    with translated(), begin() as connection:
        stored = _one(connection, layer)
        if stored is not None and stored.sha256 == digest:
            return stored
        connection.execute(delete(layer_features).where(layer_features.c.layer == layer.value))
        if rows:
            connection.execute(
                insert(layer_features),
                [{"layer": layer.value, "feature_id": key, "body": body} for key, body in rows],
            )
        fresh = StoredLayer(
            layer=layer,
            version=1 if stored is None else stored.version + 1,
            sha256=digest,
            source=source,
            features=len(rows),
            loaded_at=now,
        )
        _write(connection, fresh, is_new=stored is None)
    return fresh


def list_layers(read: Transaction) -> list[StoredLayer]:
    """Return the stored layers, in order of their name."""
    with translated(), read() as connection:
        found = connection.execute(select(layers).order_by(layers.c.layer)).mappings().all()
    return [_stored(dict(row)) for row in found]


def load_features(connection: Connection) -> list[Feature]:
    """Return every feature of every layer."""
    found = connection.execute(
        select(layer_features.c.body).order_by(layer_features.c.layer, layer_features.c.feature_id)
    )
    return [decode(Feature, row.body) for row in found]


def _bodies(features: Sequence[Feature]) -> list[tuple[str, bytes]]:
    by_id = {feature.feature_id: feature for feature in features}
    return [(feature_id, encode(by_id[feature_id])) for feature_id in sorted(by_id)]


def _one(connection: Connection, layer: LayerKind) -> StoredLayer | None:
    found = connection.execute(select(layers).where(layers.c.layer == layer.value)).mappings()
    row = found.one_or_none()
    return None if row is None else _stored(dict(row))


def _stored(row: dict[str, object]) -> StoredLayer:
    return StoredLayer(**{**row, "layer": LayerKind(str(row["layer"]))})  # type: ignore[arg-type]


def _write(connection: Connection, fresh: StoredLayer, *, is_new: bool) -> None:
    values = {
        "version": fresh.version,
        "sha256": fresh.sha256,
        "source": fresh.source,
        "features": fresh.features,
        "loaded_at": fresh.loaded_at,
    }
    if is_new:
        connection.execute(insert(layers).values(layer=fresh.layer.value, **values))
    else:
        where = layers.c.layer == fresh.layer.value
        connection.execute(update(layers).where(where).values(**values))
