"""Which columns of a file hold which field of a feature, and how their cells are read."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.layer import LayerKind
from schemas.message import StrictMessage

Cell = Any
Cells = Mapping[str, Cell]
Parser = Callable[[Cell], object]

# A Shapefile cuts the names of its columns to ten characters.
_SHAPEFILE_NAME = 10
_FIELDS = (
    *("feature_id", "name", "kind", "parent_id", "lon", "lat", "radius_m", "population"),
    *("valid_from", "valid_to", "source"),
)
_USUAL: Mapping[str, tuple[str, ...]] = {
    "feature_id": ("feature_id", "id", "pcode"),
    "name": ("name", "name_en"),
    "kind": ("kind",),
    "parent_id": ("parent_id", "parent_pcode"),
    "lon": ("lon", "longitude", "x"),
    "lat": ("lat", "latitude", "y"),
    "radius_m": ("radius_m",),
    "population": ("population",),
    "valid_from": ("valid_from",),
    "valid_to": ("valid_to",),
    "source": ("source",),
}


class FieldMapping(StrictMessage):
    """The columns of each field, the first that the file has counts; () means the usual names.

    Usual names are the fields' own, `id` or `pcode`, `parent_pcode` and, for admin areas, those of
    the Common Operational Datasets (`ADM2_PCODE`, `ADM2_EN`, `ADM1_PCODE`). Case does not count.
    `default_kind` and `default_source` fill what no column says; `table` chooses the layer of a
    GeoPackage that has several. Every other column is kept in the feature's properties.
    """

    feature_id: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    parent_id: tuple[str, ...] = ()
    lon: tuple[str, ...] = ()
    lat: tuple[str, ...] = ()
    radius_m: tuple[str, ...] = ()
    population: tuple[str, ...] = ()
    valid_from: tuple[str, ...] = ()
    valid_to: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    default_kind: str | None = None
    default_source: str = ""
    table: str | None = None


def columns_of(mapping: FieldMapping, layer: LayerKind, present: Iterable[str]) -> dict[str, str]:
    """Return the column of each field that a file has."""
    by_folded = {column.casefold(): column for column in present}
    found: dict[str, str] = {}
    for field in _FIELDS:
        wanted: tuple[str, ...] = getattr(mapping, field) or _usual(field, layer)
        for name in wanted:
            folded = name.casefold()
            column = by_folded.get(folded) or by_folded.get(folded[:_SHAPEFILE_NAME])
            if column is not None and column not in found.values():
                found[field] = column
                break
    return found


def _usual(field: str, layer: LayerKind) -> tuple[str, ...]:
    usual = _USUAL[field]
    level = {LayerKind.ADM0: 0, LayerKind.ADM1: 1, LayerKind.ADM2: 2}.get(layer)
    if level is None:
        return (*usual, "adm2_pcode") if field == "parent_id" else usual
    if field == "feature_id":
        return (*usual, f"adm{level}_pcode")
    if field == "name":
        return (*usual, f"adm{level}_en", f"adm{level}_name")
    if field == "parent_id":
        return (*usual, f"adm{level - 1}_pcode")
    return usual


def is_given(cell: Cell) -> bool:
    """Say whether a cell holds anything: None, NaN, NaT and blank text do not."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return False
    return bool(cell == cell)  # noqa: PLR0124 - only NaN and NaT differ from themselves


def as_text(cell: Cell) -> str:
    """Return text; a whole number that a file stored as a float loses its ".0"."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def as_number(cell: Cell) -> float:
    """Return a finite number. Raises ValueError."""
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"{cell!r} is not a finite number")
    return number


def as_distance(cell: Cell) -> float:
    """Return metres that are not negative. Raises ValueError."""
    number = as_number(cell)
    if number < 0:
        raise ValueError(f"{cell!r} is not a distance")
    return number


def as_count(cell: Cell) -> int:
    """Return a whole number that is not negative. Raises ValueError."""
    number = as_number(cell)
    if number < 0 or not number.is_integer():
        raise ValueError(f"{cell!r} is not a count")
    return int(number)


def as_date(cell: Cell) -> dt.date:
    """Return a date from a date, a time or ISO 8601 text. Raises ValueError."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    text = str(cell).strip().replace("/", "-")
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError as error:
        raise ValueError(f"{cell!r} is not a date such as 2013-12-19") from error


def as_property(cell: Cell) -> str | int | float | bool:
    """Return a JSON value: numbers and truth as they are, all else as text."""
    plain = cell.item() if hasattr(cell, "item") else cell
    if isinstance(plain, bool | int | str):
        return plain
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() else plain
    return plain.isoformat() if hasattr(plain, "isoformat") else str(plain)
