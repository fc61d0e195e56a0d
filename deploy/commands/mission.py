"""tocsin migrate, layers, rules: the schema and the mission's geography and rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import ValidationError

from deploy import migrate
from deploy.box import open_box, opened_database
from deploy.clocks import SystemClock
from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.configure import write_mission
from deploy.gis.schema import what_is_missing
from processing.adapters.sql.layers import list_layers, store_layer
from processing.adapters.sql.rules import list_rules, store_rules
from processing.locate.fields import FieldMapping
from processing.locate.loading import read_layer
from processing.rules.loading import default_rules, read_rules
from schemas.errors import ConfigurationError
from schemas.layer import LayerKind
from schemas.mission import Mission

layers = typer.Typer(help="The mission's geography.", no_args_is_help=True)
rules = typer.Typer(help="The rules that raise flags.", no_args_is_help=True)


def migrate_database(
    mission: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="YAML that describes the mission."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Bring the database to this version's schema; describe the mission the first time.

    Example: tocsin migrate --mission mission.yaml
    """
    settings = settings_for(data_dir)
    with opened_database(settings) as database:
        revision = migrate.upgrade(database.begin)
        console().print(f"schema {revision} in {database.engine.url}", markup=False)
        with database.read() as connection:
            missing = what_is_missing(connection)
        if missing is not None:
            console().print(missing, markup=False)
        if mission is not None:
            described = read_mission_file(mission)
            write_mission(database.begin, described, now=SystemClock().now())
            console().print(f"mission {described.mission_id} described")


@layers.command("load")
def load_layer(
    layer: Annotated[LayerKind, typer.Argument(help="What the features are.")],
    file: Annotated[Path, typer.Argument(exists=True, help="GeoPackage, GeoJSON, Shapefile, CSV.")],
    source: Annotated[str, typer.Option(help="Where it comes from, with its licence.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Load a layer from a file, replacing the one that is there.

    Columns are found by their usual names (id or pcode, name, kind, lon, lat, population,
    parent_pcode, valid_from, valid_to, radius_m).

    Example: tocsin layers load civilian_site sites.geojson --source "Mission GIS, 2026-11"
    """
    with open_box(settings_for(data_dir)) as box:
        features = read_layer(file, layer, FieldMapping())
        now = box.system_clock.now()
        store_layer(box.database.begin, layer, features, source=source or file.name, now=now)
    console().print(f"{len(features)} features in layer {layer.value}")


@layers.command("list")
def show_layers(data_dir: DataDir = None) -> None:
    """List the layers with their versions.

    Example: tocsin layers list
    """
    with open_box(settings_for(data_dir)) as box:
        rows = [
            (row.layer, row.version, row.features, row.source, f"{row.loaded_at:%Y-%m-%d}")
            for row in list_layers(box.database.read)
        ]
    show_table(("layer", "version", "features", "source", "loaded"), rows)


@rules.command("list")
def show_rules(data_dir: DataDir = None) -> None:
    """List the rules in force.

    Example: tocsin rules list
    """
    with open_box(settings_for(data_dir)) as box:
        rows = [
            (rule.rule_id, rule.version, rule.kind, "shadow" if rule.shadow else "live", rule.title)
            for rule in list_rules(box.database.read)
        ]
    show_table(("rule", "version", "kind", "mode", "title"), rows)


@rules.command("load")
def load_rules(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], data_dir: DataDir = None
) -> None:
    """Put the rules of a file in force. A changed rule needs a higher version.

    Example: tocsin rules load rules.yaml
    """
    with open_box(settings_for(data_dir)) as box:
        found = read_rules(file)
        store_rules(box.database.begin, found.rules, now=box.system_clock.now())
    console().print(f"{len(found.rules)} rules in force")


@rules.command("check")
def check_rules(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False)] = None,
) -> None:
    """Check a rules file without loading it; without a file, the ones that ship with Tocsin.

    Example: tocsin rules check rules.yaml
    """
    found = default_rules() if file is None else read_rules(file)
    console().print(f"{len(found.rules)} rules, all valid")


def read_mission_file(path: Path) -> Mission:
    """Read a mission's description. Raises ConfigurationError that names the field."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Mission.model_validate(document.get("mission", document))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}: {field}: {first['msg']}") from error
