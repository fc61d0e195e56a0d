"""Layers from files.

Everything comes out in WGS 84 degrees, longitude first, with valid geometries. What a file says
wrong is refused with the file, the row and the field, so that whoever made it can mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import shapely
import structlog
from pydantic import ValidationError
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from processing.locate.areas import reach_of
from processing.locate.fields import (
    FieldMapping,
    Parser,
    as_count,
    as_date,
    as_distance,
    as_number,
    as_property,
    as_text,
    columns_of,
    is_given,
)
from processing.locate.files import LayerFileError, Row, read_rows
from processing.locate.repair import repaired
from schemas.geometry import LAT_LIMIT
from schemas.layer import Feature, LayerKind

log = structlog.get_logger(__name__)

# A country's outline in full detail has some 100,000 vertices. More is the outline of a raster or
# a mistake, and every circle near it would pay for it.
MAX_VERTICES = 200_000

_PARSERS: Mapping[str, Parser] = {
    "feature_id": as_text,
    "name": as_text,
    "kind": as_text,
    "parent_id": as_text,
    "lon": as_number,
    "lat": as_number,
    "radius_m": as_distance,
    "population": as_count,
    "valid_from": as_date,
    "valid_to": as_date,
    "source": as_text,
}


def read_layer(path: Path, layer: LayerKind, mapping: FieldMapping) -> list[Feature]:
    """Read a layer's features in the order of the file. Blocks on the disk.

    A point may stand in columns or in the geometry. An area or a line gets a position on it and the
    radius that covers it, where the file gives none; an invalid area is mended and its fault kept
    in `properties["repaired"]`. Raises LayerFileError.
    """
    rows = read_rows(path, table=mapping.table)
    columns = columns_of(mapping, layer, rows[0].cells)
    for field in ("feature_id", "name"):
        if field not in columns:
            raise LayerFileError(
                path, f"none of its columns is one ({', '.join(rows[0].cells)})", field=field
            )
    reader = _Reader(path=path, layer=layer, mapping=mapping, columns=columns)
    features: dict[str, Feature] = {}
    for row in rows:
        feature = reader.feature(row)
        if feature.feature_id in features:
            raise reader.error(row, f"{feature.feature_id} stands in an earlier row", "feature_id")
        features[feature.feature_id] = feature
    return list(features.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    path: Path
    layer: LayerKind
    mapping: FieldMapping
    columns: Mapping[str, str]

    def feature(self, row: Row) -> Feature:
        values = {
            "kind": self.mapping.default_kind or self.layer.value.upper(),
            "source": self.mapping.default_source,
            **self._cells(row),
            "layer": self.layer,
            "properties": self._properties(row),
        }
        if row.geometry is not None:
            self._add_geometry(values, row, row.geometry)
        try:
            return Feature.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = str(first["loc"][0]) if first["loc"] else ""
            raise self.error(row, str(first["msg"]), field) from error

    def error(self, row: Row, reason: str, field: str) -> LayerFileError:
        return LayerFileError(self.path, reason, row=row.number, field=field)

    def _cells(self, row: Row) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field, column in self.columns.items():
            cell = row.cells[column]
            if not is_given(cell):
                continue
            try:
                values[field] = _PARSERS[field](cell)
            except (ValueError, TypeError) as error:
                raise self.error(row, str(error), field) from error
        starts, ends = values.get("valid_from"), values.get("valid_to")
        if starts is not None and ends is not None and ends <= starts:
            raise self.error(row, f"{ends} is not after valid_from, {starts}", "valid_to")
        return values

    def _properties(self, row: Row) -> dict[str, Any]:
        used = set(self.columns.values())
        return {
            name: as_property(cell)
            for name, cell in row.cells.items()
            if name not in used and is_given(cell)
        }

    def _add_geometry(self, values: dict[str, Any], row: Row, given: BaseGeometry) -> None:
        self._check(row, given)
        mended = repaired(given)
        geometry = mended.geometry
        if geometry.is_empty:
            raise self.error(row, f"it holds no area ({mended.fault})", "geometry")
        if mended.fault:
            log.warning("geometry mended", file=self.path.name, row=row.number, fault=mended.fault)
            values["properties"]["repaired"] = mended.fault
        if isinstance(geometry, Point):
            values.update(lon=geometry.x, lat=geometry.y)
            return
        on_it = geometry.representative_point()
        values.setdefault("lon", on_it.x)
        values.setdefault("lat", on_it.y)
        values.setdefault("radius_m", reach_of(geometry, lon=values["lon"], lat=values["lat"]))
        values["geometry"] = orjson.loads(shapely.to_geojson(geometry))

    def _check(self, row: Row, geometry: BaseGeometry) -> None:
        vertices = shapely.get_coordinates(geometry)
        if len(vertices) == 0:
            raise self.error(row, "it is empty", "geometry")
        if len(vertices) > MAX_VERTICES:
            reason = f"{len(vertices):,} vertices, at most {MAX_VERTICES:,}: simplify it"
            raise self.error(row, reason, "geometry")
        if not (abs(vertices[:, 1]) <= LAT_LIMIT).all():
            raise self.error(row, "a latitude is beyond 90 degrees", "geometry")
