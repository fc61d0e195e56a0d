"""What commands share: the console, the settings with a data folder, tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from deploy.settings import Settings
from schemas.errors import ConfigurationError

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Data folder (TOCSIN_DATA_DIR).", show_default=False),
]


def console() -> Console:
    """Return a console on standard output."""
    return Console(highlight=False, soft_wrap=True)


def settings_for(data_dir: Path | None, **values: object) -> Settings:
    """Return the settings of the environment with some fields set by options.

    Raises ConfigurationError that names the field.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if data_dir is not None:
        given["data_dir"] = data_dir
    try:
        return Settings(**given)  # type: ignore[arg-type] # pydantic checks the values
    except ValidationError as error:
        first = error.errors()[0]
        name = "TOCSIN_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"{name}: {first['msg']}") from error


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a table, or say that there are none."""
    if not rows:
        console().print("none")
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(table)
