"""tocsin topics: what Kafka has to hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from kafka.errors import KafkaError

from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.kafka.client import admin
from deploy.kafka.dump import dump_reports
from deploy.kafka.topics import differences, found_topics, make_topics
from schemas.errors import StorageError
from schemas.topics import TOPICS

topics = typer.Typer(help="The topics on Kafka (TOCSIN_KAFKA_BOOTSTRAP).", no_args_is_help=True)


@topics.command("make")
def make(
    replicas: Annotated[
        int, typer.Option(min=1, max=7, help="Copies of each record: 3 where a broker may be lost.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Make the topics that are missing and put their settings right; no record is touched.

    Example: tocsin topics make --replicas 3
    """
    with admin(settings_for(data_dir)) as client:
        for text in make_topics(client, replicas=replicas) or ["nothing to do"]:
            console().print(text)


@topics.command("check")
def check(data_dir: DataDir = None) -> None:
    """Show the topics; exit status 1 if one is not as it has to be.

    Example: tocsin topics check
    """
    settings = settings_for(data_dir)
    with admin(settings) as client:
        try:
            found = found_topics(client)
        except KafkaError as error:
            raise StorageError(f"the topics can't be read: {error}") from error
    show_table(
        ("topic", "partitions", "replicas"),
        [(one.name, found[one.name].partitions, found[one.name].replicas) for one in TOPICS],
    )
    wrong = differences(found)
    for text in wrong:
        console().print(f"{text}: tocsin topics make", markup=False)
    if wrong:
        raise typer.Exit(1)


@topics.command("dump")
def dump(
    file: Annotated[Path, typer.Argument(help="Where to write; only you can read it.")],
    data_dir: DataDir = None,
) -> None:
    """Write all reports of the topic into a file, for `tocsin replay --log`. They may name people.

    Example: tocsin topics dump reports.ndjson
    """
    with console().status("reading the topic") as status:
        count = dump_reports(
            settings_for(data_dir), file, note=lambda so_far: status.update(f"{so_far} records")
        )
    console().print(f"{count} records in {file}", markup=False)
