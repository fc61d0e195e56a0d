"""tocsin topics: what Kafka has to hold."""

from __future__ import annotations

from typing import Annotated

import typer
from kafka.errors import KafkaError

from deploy.commands.console import DataDir, console, settings_for, show_table
from deploy.kafka.client import admin
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
