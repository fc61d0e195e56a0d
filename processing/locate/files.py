"""Rows of a layer's file: GeoPackage, GeoJSON, Shapefile (through geopandas) or CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import pyogrio.errors
from shapely.geometry.base import BaseGeometry

from processing.locate.fields import Cells
from schemas.errors import ConfigurationError

WGS84 = 4326

_UNREADABLE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.CRSError,
    OSError,
    ValueError,
)


class LayerFileError(ConfigurationError):
    """A layer's file is unusable; the message names file, row and field. Mend the file."""

    def __init__(self, path: Path, reason: str, *, row: int | None = None, field: str = "") -> None:
        where = (path.name, "" if row is None else f"row {row}", field)
        super().__init__(f"{', '.join(part for part in where if part)}: {reason}")
        self.path = path
        self.row = row
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number from 1 (a CSV's header not counted), its cells, its WGS 84 geometry."""

    number: int
    cells: Cells
    geometry: BaseGeometry | None


def read_rows(path: Path, *, table: str | None) -> list[Row]:
    """Read every row of a file. Blocks on the disk. Raises LayerFileError."""
    if not path.is_file():
        raise LayerFileError(path, "there is no such file")
    is_csv = path.suffix.casefold() == ".csv"
    rows = list(_csv_rows(path) if is_csv else _vector_rows(path, table))
    if not rows:
        raise LayerFileError(path, "it has no features")
    return rows


def _csv_rows(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, cells in enumerate(csv.DictReader(file, strict=True), start=1):
                if None in cells:
                    raise LayerFileError(path, "it has more cells than the header", row=number)
                yield Row(number=number, cells=cells, geometry=None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise LayerFileError(path, f"it is not a CSV file in UTF-8 ({error})") from error


def _vector_rows(path: Path, table: str | None) -> Iterator[Row]:
    frame = _frame(path, table)
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise LayerFileError(path, "it has no geometry")
    if frame.crs is None:
        raise LayerFileError(path, "it does not say its coordinate reference system")
    if frame.crs != WGS84:
        frame = frame.to_crs(WGS84)
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    columns = [frame[name].tolist() for name in names]
    for number, (geometry, *cells) in enumerate(
        zip(frame.geometry, *columns, strict=True), start=1
    ):
        yield Row(number=number, cells=dict(zip(names, cells, strict=True)), geometry=geometry)


def _frame(path: Path, table: str | None) -> Any:  # noqa: ANN401 - geopandas has no types
    try:
        tables = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        if table is None and len(tables) > 1:
            raise LayerFileError(path, f"it has several tables, name one of {', '.join(tables)}")
        return geopandas.read_file(path, layer=table or tables[0], engine="pyogrio")
    except _UNREADABLE as error:
        raise LayerFileError(path, f"it cannot be read ({error})") from error
