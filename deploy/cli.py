"""The `tocsin` command. One of the two places that may catch everything: it sets exit statuses.

Only the module of the command that was asked for is imported: the others would cost seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import typer
from rich.console import Console

from deploy.supervisor import EXIT_CONFIG
from schemas.errors import ConfigurationError, TocsinError

_FAILED = 1

# In the order in which help shows them: name → (module, function or group).
_COMMANDS: Final = {
    "all": ("run", "run_all"),
    "demo": ("demo", "app"),
    "replay": ("demo", "replay_command"),
    "ingest": ("run", "ingest"),
    "process": ("run", "process"),
    "watch": ("run", "watch"),
    "notify": ("run", "notify"),
    "api": ("run", "api"),
    "migrate": ("mission", "migrate_database"),
    "layers": ("mission", "layers"),
    "rules": ("mission", "rules"),
    "units": ("units", "units"),
    "keys": ("units", "keys"),
    "users": ("people", "users"),
    "gis": ("gis", "gis"),
    "endpoints": ("ring", "endpoints"),
    "flags": ("inspect", "flags"),
    "state-hash": ("inspect", "show_state_hash"),
    "dead-letters": ("dead_letters", "dead_letters"),
    "doctor": ("inspect", "doctor"),
    "topics": ("topics", "topics"),
    "dev": ("dev", "dev"),
}


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command: with the one that the arguments ask for, or with all of them."""
    app = typer.Typer(
        name="tocsin",
        help="Situational awareness for a peacekeeping mission: reports in, warnings out.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    # Without a callback typer would make a lone command the whole program.
    app.callback()(_nothing)
    wanted = [name for name in arguments[:1] if name in _COMMANDS] or list(_COMMANDS)
    for name in wanted:
        module, attribute = _COMMANDS[name]
        found = getattr(import_module(f"deploy.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _nothing() -> None:
    """Situational awareness for a peacekeeping mission: reports in, warnings out."""


def main() -> None:
    """Run the command; say errors in words and end with a useful status.

    0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
    """
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        build(sys.argv[1:])()
    except ConfigurationError as error:
        errors.print(f"tocsin: {error}", markup=False)
        sys.exit(EXIT_CONFIG)
    except TocsinError as error:
        errors.print(f"tocsin: {error}", markup=False)
        sys.exit(_FAILED)


if __name__ == "__main__":
    main()
