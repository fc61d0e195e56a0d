"""tocsin dead-letters: what could not be processed, why, and trying it again."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.progress import track

from deploy.box import open_box
from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.dead_letters import replay
from processing.adapters.sql.dead_letters import list_dead_letters, read_dead_letter

dead_letters = typer.Typer(help="Records that could not be processed.", no_args_is_help=True)

_SHOWN = 50
_REPLAYED_AT_MOST = 10_000

Partition = Annotated[str, typer.Argument(help="As tocsin dead-letters list shows it.")]
Position = Annotated[int, typer.Argument(help="As tocsin dead-letters list shows it.")]


@dead_letters.command("list")
def show_all(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = _SHOWN,
    data_dir: DataDir = None,
) -> None:
    """List dead letters, the newest first. What they say is not shown.

    Example: tocsin dead-letters list
    """
    with open_box(settings_for(data_dir)) as box:
        letters, count = list_dead_letters(box.database.read, limit=limit)
    show_table(
        ("partition", "position", "at", "report", "reason"),
        [
            (
                one.partition,
                one.position,
                one.at.isoformat(timespec="seconds"),
                f"{one.root_id} r{one.revision}" if one.root_id else "",
                one.reason,
            )
            for one in letters
        ],
    )
    if count > len(letters):
        console().print(f"{count - len(letters)} more: --limit {count}")


@dead_letters.command("show")
def show_one(partition: Partition, position: Position, data_dir: DataDir = None) -> None:
    """Show one dead letter whole, with what it says: it may name people.

    Example: tocsin dead-letters show node-1 1234
    """
    with open_box(settings_for(data_dir)) as box:
        letter = read_dead_letter(box.database.read, partition, position)
    console().print(letter.reason, markup=False)
    try:
        text = json.dumps(json.loads(letter.value), indent=2, ensure_ascii=False)
    except ValueError:
        text = repr(letter.value)
    console().print(text, markup=False)


@dead_letters.command("replay")
def try_again(
    partition: Annotated[str | None, typer.Argument(help="With a position: that one.")] = None,
    position: Annotated[int | None, typer.Argument(help="Its position.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,  # noqa: FBT002 - an option of the command line
    data_dir: DataDir = None,
) -> None:
    """Process dead letters again, after what was wrong is mended; the desk may run meanwhile.

    One that is stored now is a dead letter no more. Exit status 1 if any still is one.

    Example: tocsin dead-letters replay --all
    """
    with open_box(settings_for(data_dir)) as box:
        if every:
            letters, _ = list_dead_letters(box.database.read, limit=_REPLAYED_AT_MOST)
        elif partition is not None and position is not None:
            letters = [read_dead_letter(box.database.read, partition, position)]
        else:
            raise typer.BadParameter("give a partition and a position, or --all")
        # The oldest first, as they came.
        reasons = {
            (one.partition, one.position): replay(box, one)
            for one in track(letters[::-1], "trying again", console=console(), disable=not every)
        }
    still = {at: reason for at, reason in reasons.items() if reason is not None}
    console().print(f"{len(reasons) - len(still)} stored, {len(still)} still dead letters")
    for (name, at), reason in still.items():
        console().print(f"{name} {at}: {reason}", markup=False)
    if still:
        raise typer.Exit(1)
