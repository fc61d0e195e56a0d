"""tocsin units, keys: who may report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.configure import (
    DEVICE_KEY_DAYS,
    issue_keys,
    read_units,
    revoke_key,
    write_units,
)
from deploy.demo.mission_files import read_units_csv
from schemas.unit import Unit

units = typer.Typer(help="Units that report.", no_args_is_help=True)
keys = typer.Typer(help="Device keys of units: shown once, stored hashed.", no_args_is_help=True)


@units.command("add")
def add_unit(
    unit_id: Annotated[str, typer.Argument(help="For example ssd-bentiu-patrol.")],
    name: Annotated[str, typer.Option(help="What people call it; never a person's name.")],
    kind: Annotated[str, typer.Option(help="PATROL, CLA, UNMO, UNPOL or PARTNER.")],
    lon: Annotated[float | None, typer.Option(help="Home, degrees east.")] = None,
    lat: Annotated[float | None, typer.Option(help="Home, degrees north.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add a unit, or change the one of that id.

    Example: tocsin units add bentiu-1 --name "Bentiu patrol" --kind PATROL --lon 29.8 --lat 9.26
    """
    with open_box(settings_for(data_dir)) as box:
        unit = Unit(unit_id=unit_id, name=name, kind=kind, lon=lon, lat=lat)
        write_units(box.database.begin, [unit], now=box.system_clock.now())
    console().print(f"unit {unit_id} stored; next: tocsin keys issue {unit_id}")


@units.command("load")
def load_units(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], data_dir: DataDir = None
) -> None:
    """Load units from a CSV with the columns unit_id, name, kind, lon, lat, valid_from, valid_to.

    Example: tocsin units load units.csv
    """
    with open_box(settings_for(data_dir)) as box:
        count = write_units(box.database.begin, read_units_csv(file), now=box.system_clock.now())
    console().print(f"{count} units stored")


@units.command("list")
def list_units(data_dir: DataDir = None) -> None:
    """List the units.

    Example: tocsin units list
    """
    with open_box(settings_for(data_dir)) as box:
        rows = [
            (unit.unit_id, unit.name, unit.kind, unit.lon, unit.lat, unit.valid_from, unit.valid_to)
            for unit in read_units(box.database.read)
        ]
    show_table(("unit", "name", "kind", "lon", "lat", "from", "to"), rows)


@keys.command("issue")
def issue_key(
    unit_id: Annotated[str, typer.Argument(help="The unit that will hold the key.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="Lifetime.")] = DEVICE_KEY_DAYS,
    data_dir: DataDir = None,
) -> None:
    """Make a device key for a unit and show it, once.

    Example: tocsin keys issue bentiu-1
    """
    with open_box(settings_for(data_dir)) as box:
        (key,) = issue_keys(box.database.begin, [unit_id], now=box.system_clock.now(), days=days)
    console().print(f"key id   {key.stored.key_id}\nexpires  {key.stored.expires_at:%Y-%m-%d}")
    console().print(f"key      [bold]{key.secret}[/bold]\nIt is not shown again.")


@keys.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The part after fu_, for example 0123456789.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke a key; every door refuses it within five seconds.

    Example: tocsin keys revoke 0123456789
    """
    with open_box(settings_for(data_dir)) as box:
        revoke_key(box.database.begin, key_id, now=box.system_clock.now())
    console().print(f"key {key_id} revoked")
