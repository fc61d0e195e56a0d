"""The `tocsin` command. One of the two places that may catch everything: it sets exit statuses."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from deploy.commands import demo, inspect, mission, people, ring, run, units
from deploy.supervisor import EXIT_CONFIG
from schemas.errors import ConfigurationError, TocsinError

_FAILED = 1


def build() -> typer.Typer:
    """Return the command with all its groups."""
    app = typer.Typer(
        name="tocsin",
        help="Situational awareness for a peacekeeping mission: reports in, warnings out.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.command("all")(run.run_all)
    app.add_typer(demo.app, name="demo")
    for service in (run.ingest, run.process, run.notify, run.api):
        app.command(service.__name__)(service)
    app.command("door", hidden=True)(run.door)
    app.command("desk", hidden=True)(run.desk)
    app.command("replay")(demo.replay_command)
    app.command("state-hash")(inspect.show_state_hash)
    app.command("doctor")(inspect.doctor)
    app.command("migrate")(mission.migrate_database)
    app.add_typer(mission.layers, name="layers")
    app.add_typer(mission.rules, name="rules")
    app.add_typer(units.units, name="units")
    app.add_typer(units.keys, name="keys")
    app.add_typer(people.users, name="users")
    app.add_typer(ring.endpoints, name="endpoints")
    app.add_typer(inspect.flags, name="flags")
    return app


def main() -> None:
    """Run the command; say errors in words and end with a useful status.

    0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
    """
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        build()()
    except ConfigurationError as error:
        errors.print(f"tocsin: {error}", markup=False)
        sys.exit(EXIT_CONFIG)
    except TocsinError as error:
        errors.print(f"tocsin: {error}", markup=False)
        sys.exit(_FAILED)


if __name__ == "__main__":
    main()
