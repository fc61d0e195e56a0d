"""tocsin endpoints: whom to ring."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.configure import read_endpoints
from deploy.ringing import add_endpoint, send_test
from schemas.delivery import Endpoint

endpoints = typer.Typer(help="Whom to ring by signed webhook.", no_args_is_help=True)


@endpoints.command("add")
def add(
    endpoint_id: Annotated[str, typer.Argument(help="For example sector-north-duty.")],
    url: Annotated[str, typer.Argument(help="Where to POST; https, or an allowed address.")],
    area: Annotated[list[str] | None, typer.Option(help="P-code; none is everywhere.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Rule id; none is all.")] = None,
    min_priority: Annotated[int, typer.Option(min=1, max=5)] = 1,
    max_level: Annotated[int, typer.Option(min=0, max=2)] = 0,
    data_dir: DataDir = None,
) -> None:
    """Add an endpoint and show its signing secret, once.

    Example: tocsin endpoints add sector-unity https://duty.example.org/hook --area SS06
    """
    endpoint = Endpoint(
        endpoint_id=endpoint_id,
        url=url,
        areas=tuple(area or ()),
        kinds=tuple(rule or ()),
        min_priority=min_priority,
        max_level=max_level,
    )
    with open_box(settings_for(data_dir)) as box:
        secret = add_endpoint(box, endpoint)
    console().print(f"endpoint {endpoint_id} stored\nsecret   [bold]{secret}[/bold]")
    console().print("It is not shown again. Try it: tocsin endpoints test " + endpoint_id)


@endpoints.command("list")
def show(data_dir: DataDir = None) -> None:
    """List the endpoints; secrets are never shown.

    Example: tocsin endpoints list
    """
    with open_box(settings_for(data_dir)) as box:
        rows = [
            (
                one.endpoint_id,
                one.url,
                " ".join(one.areas) or "everywhere",
                " ".join(one.kinds) or "all",
                one.min_priority,
                "live" if live and one.active else "off",
            )
            for one, live in read_endpoints(box.database.read)
        ]
    show_table(("endpoint", "url", "areas", "rules", "from priority", "state"), rows)


@endpoints.command("test")
def ring_once(
    endpoint_id: Annotated[str, typer.Argument(help="The endpoint's id.")],
    data_dir: DataDir = None,
) -> None:
    """Send one signed test message to an endpoint and say what came back.

    Exit status 0 for a 2xx answer, 1 otherwise.

    Example: tocsin endpoints test sector-north-duty
    """
    with open_box(settings_for(data_dir)) as box:
        rung = send_test(box, endpoint_id)
    console().print(f"{endpoint_id}: {rung.says}")
    if not rung.is_well:
        raise typer.Exit(1)
