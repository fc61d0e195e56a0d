"""tocsin gis: who may read with other people's tools (QGIS, GeoServer)."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.gis.readers import Reader, add_reader, list_readers, remove_reader
from schemas.access import Level

gis = typer.Typer(
    help="Other people's tools (QGIS, GeoServer), on PostgreSQL.", no_args_is_help=True
)
readers = typer.Typer(help="Roles of PostgreSQL that may read.", no_args_is_help=True)
gis.add_typer(readers, name="readers")


@readers.command("add")
def add(
    role: Annotated[str, typer.Argument(help="A role that the database's administrator made.")],
    level: Annotated[int, typer.Option(min=0, max=2, help="Highest sensitivity level.")],
    area: Annotated[list[str] | None, typer.Option(help="P-code; none is everywhere.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Let a role read the views of the schema gis, or change what it sees there.

    Example: tocsin gis readers add jonglei_map --level 1 --area SS03
    """
    reader = Reader(role=role, level=Level(level), areas=tuple(area or ()))
    with open_box(settings_for(data_dir)) as box:
        add_reader(box.database.begin, reader, now=box.system_clock.now())
    where = ", ".join(reader.areas) or "everywhere"
    console().print(f"{role} reads up to {reader.level.name}, {where}", markup=False)


@readers.command("list")
def show(data_dir: DataDir = None) -> None:
    """List the roles that may read.

    Example: tocsin gis readers list
    """
    with open_box(settings_for(data_dir)) as box:
        rows = [
            (each.role, each.level.name, ",".join(each.areas) or "everywhere")
            for each in list_readers(box.database.read)
        ]
    show_table(("role", "level", "areas"), rows)


@readers.command("remove")
def remove(
    role: Annotated[str, typer.Argument(help="The role that shall see nothing any more.")],
    data_dir: DataDir = None,
) -> None:
    """Let a role see nothing any more, at once. The role itself stays.

    Example: tocsin gis readers remove jonglei_map
    """
    with open_box(settings_for(data_dir)) as box:
        remove_reader(box.database.begin, role, now=box.system_clock.now())
    console().print(f"{role} sees nothing any more", markup=False)
