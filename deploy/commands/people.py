"""tocsin users: people who sign in."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from deploy.accounts import add_person, link_for
from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for, show_table
from schemas import tables
from schemas.access import Level, Principal, Role

users = typer.Typer(help="People who sign in.", no_args_is_help=True)


@users.command("add")
def add_user(
    user_id: Annotated[str, typer.Argument(help="What the person types to sign in.")],
    name: Annotated[str, typer.Option(help="How the ledger names the person.")],
    role: Annotated[list[Role], typer.Option(help="May be given more than once.")],
    level: Annotated[int, typer.Option(min=0, max=2, help="Highest sensitivity level.")] = 0,
    area: Annotated[list[str] | None, typer.Option(help="P-code; none is everywhere.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add a person and print a one-time link with which they set their password.

    Example: tocsin users add joc-duty --name "JOC duty officer" --role analyst --level 1
    """
    person = Principal(
        user_id=user_id,
        name=name,
        roles=tuple(role),
        level=Level(level),
        areas=tuple(area or ()),
    )
    with open_box(settings_for(data_dir)) as box:
        link = add_person(box, person)
    console().print(f"one-time link, valid for 24 hours:\n{link}")


@users.command("link")
def new_link(
    user_id: Annotated[str, typer.Argument(help="Who gets the link.")], data_dir: DataDir = None
) -> None:
    """Print a new one-time link for a person; earlier ones end.

    Example: tocsin users link joc-duty
    """
    with open_box(settings_for(data_dir)) as box:
        link = link_for(box, user_id)
    console().print(f"one-time link, valid for 24 hours:\n{link}")


@users.command("list")
def list_users(data_dir: DataDir = None) -> None:
    """List the people who may sign in.

    Example: tocsin users list
    """
    query = select(tables.users).order_by(tables.users.c.user_id)
    with open_box(settings_for(data_dir)) as box, box.database.read() as connection:
        rows = [
            (row.user_id, row.name, row.roles, Level(row.level).name, row.areas or "everywhere")
            for row in connection.execute(query)
        ]
    show_table(("user", "name", "roles", "level", "areas"), rows)
