"""Reading and writing of rows and features with deterministic bytes.

Rows are sorted by the caller, numbers have a fixed number of decimals, there are no time stamps:
two builds from the same sources give the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely import set_precision
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

COORDINATE_DECIMALS = 6
POLYGONAL = ("Polygon", "MultiPolygon")

Row = dict[str, str]
Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A geometry with its properties: one GeoJSON feature."""

    properties: dict[str, Cell]
    geometry: BaseGeometry


def read_rows(path: Path) -> list[Row]:
    """Read a CSV file (gzipped when its name ends so) as text, row by row."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> None:
    """Write a CSV file: UTF-8, LF, only the named columns, empty for None."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="raise")
        writer.writeheader()
        writer.writerows({key: _cell(row[key]) for key in columns} for row in rows)


def read_outlines(path: Path) -> list[Outline]:
    """Read a GeoJSON feature collection."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return [
        Outline(properties=feature["properties"], geometry=shape(feature["geometry"]))
        for feature in document["features"]
    ]


def write_outlines(path: Path, outlines: Iterable[Outline], *, decimals: int) -> None:
    """Write a GeoJSON feature collection, one feature a line.

    Coordinates are snapped to a grid of the given decimals in a way that keeps polygons valid.
    """
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": outline.properties,
                "geometry": _plain_geometry(outline.geometry, decimals),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for outline in outlines
    ]
    body = ",\n".join(lines)
    path.write_text(
        f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n', encoding="utf-8", newline="\n"
    )


def coordinate(value: str | float) -> float:
    """Round a longitude or latitude to the decimals that the files carry."""
    return round(float(value), COORDINATE_DECIMALS)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{COORDINATE_DECIMALS}f}".rstrip("0").rstrip(".")
    return str(value)


def _plain_geometry(geometry: BaseGeometry, decimals: int) -> dict[str, Any]:
    if geometry.geom_type in POLYGONAL:  # only areas can become invalid; lines would be cut up
        geometry = set_precision(geometry, 10.0**-decimals)
    plain: dict[str, Any] = mapping(geometry.normalize())
    return {"type": plain["type"], "coordinates": _rounded(plain["coordinates"], decimals)}


def _rounded(coordinates: Any, decimals: int) -> Any:  # noqa: ANN401 - nested by geometry type
    if isinstance(coordinates, (int, float)):
        return round(coordinates, decimals)
    return [_rounded(part, decimals) for part in coordinates]
