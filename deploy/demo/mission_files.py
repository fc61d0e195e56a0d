"""Reading a mission's folder: its description, its layers and its units."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from processing.locate.fields import FieldMapping
from processing.locate.loading import read_layer
from schemas.errors import ConfigurationError
from schemas.layer import Feature, LayerKind
from schemas.message import Message, StrictMessage
from schemas.mission import Mission
from schemas.unit import Unit

MISSION_FILE = "mission.yaml"
UNITS_FILE = "units.csv"


class LayerEntry(StrictMessage):
    """One layer of a mission's folder. `kind` fills what the file's rows do not say."""

    layer: LayerKind
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    kind: str | None = None
    source: str = ""


class MissionDocument(Message):
    """What `mission.yaml` holds, as far as loading needs it."""

    mission: Mission
    layers: tuple[LayerEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionBundle:
    """A mission ready to be stored. `sources` names the file of each layer."""

    mission: Mission
    layers: Mapping[LayerKind, Sequence[Feature]]
    sources: Mapping[LayerKind, str]
    units: Sequence[Unit]

    def features(self) -> list[Feature]:
        """Return the features of all layers."""
        return [feature for features in self.layers.values() for feature in features]


def read_bundle(folder: Path) -> MissionBundle:
    """Read a mission's folder. Blocks on the disk.

    Raises ConfigurationError that names the file, the row and the field.
    """
    document = read_document(folder / MISSION_FILE)
    return MissionBundle(
        mission=document.mission,
        layers={entry.layer: _read_entry(folder, entry) for entry in document.layers},
        sources={entry.layer: entry.source or entry.file for entry in document.layers},
        units=read_units_csv(folder / UNITS_FILE),
    )


def mission_layers(path: Path) -> list[Feature]:
    """Return the features of all layers that a mission file names; files lie beside it."""
    document = read_document(path)
    return [feature for entry in document.layers for feature in _read_entry(path.parent, entry)]


def read_document(path: Path) -> MissionDocument:
    """Read a mission file. Raises ConfigurationError that names the field."""
    try:
        return MissionDocument.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: it cannot be read ({error})") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_first(error)}") from error


def read_units_csv(path: Path) -> list[Unit]:
    """Read units from a CSV; columns that are not a unit's own are left alone.

    Raises ConfigurationError that names the row and the field.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: it cannot be read ({error})") from error
    return [_unit(path, number, cells) for number, cells in enumerate(rows, start=1)]


def _read_entry(folder: Path, entry: LayerEntry) -> list[Feature]:
    mapping = FieldMapping(default_kind=entry.kind, default_source=entry.source)
    return read_layer(folder / entry.file, entry.layer, mapping)


def _unit(path: Path, number: int, cells: Mapping[str, Any]) -> Unit:
    own = {name: cells[name] for name in Unit.model_fields if cells.get(name)}
    try:
        return Unit.model_validate(own)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: row {number}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
