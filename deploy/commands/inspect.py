"""tocsin state-hash, flags, doctor: looking at what was concluded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.box import open_box
from deploy.checks import examine
from deploy.commands.console import DataDir, console, settings_for
from deploy.wiring import recomputer_of
from processing.adapters.sql.state_hash import dump, state_hash

flags = typer.Typer(help="Flags that rules raised.", no_args_is_help=True)

_DIFFERENT = 3


def show_state_hash(
    dump_to: Annotated[
        Path | None, typer.Option("--dump", help="Also write what is hashed, one JSON a line.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print the hash of all conclusions: equal for equal sets of reports, rules and layers.

    Example: tocsin state-hash
    """
    with open_box(settings_for(data_dir)) as box:
        if dump_to is not None:
            with dump_to.open("wb") as file:
                file.writelines(dump(box.database.read))
        console().print(state_hash(box.database.read))


@flags.command("recompute")
def recompute(
    flag_id: Annotated[str, typer.Argument(help="The flag's id.")], data_dir: DataDir = None
) -> None:
    """Derive a flag anew from reports, incidents, layers and parameters, and compare.

    Exit status 0 when it comes out equal, 3 when it differs.

    Example: tocsin flags recompute 0142f1c4-…
    """
    with open_box(settings_for(data_dir)) as box:
        result = recomputer_of(box).recompute(flag_id)
    console().print(result.stored.explanation)
    if result.equal:
        console().print("recomputed equal")
        return
    for difference in result.differences:
        console().print(f"differs: {difference}")
    raise typer.Exit(_DIFFERENT)


def doctor(data_dir: DataDir = None) -> None:
    """Examine an installation and say what to do about what is wrong.

    Exit status 0 when all is well, 1 otherwise.

    Example: tocsin doctor
    """
    findings = examine(settings_for(data_dir))
    for finding in findings:
        mark = "[green]ok[/green]  " if finding.is_well else "[red]fault[/red]"
        console().print(f"{mark} {finding.subject}: {finding.says}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)
