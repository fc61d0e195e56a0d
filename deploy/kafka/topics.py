"""Making the topics, and saying how they differ from what Tocsin needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka.admin import (
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    NewPartitions,
    NewTopic,
)
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.errors import StorageError
from schemas.topics import TOPICS, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A topic as the broker has it; `partitions` is 0 where there is none."""

    partitions: int
    replicas: int
    configuration: Mapping[str, str]


def make_topics(admin: KafkaAdminClient, *, replicas: int) -> list[str]:
    """Make what is missing, add partitions and put settings right; return what was done, in words.

    Partitions are never taken away, and no record is. Raises StorageError.
    """
    done: list[str] = []
    try:
        found = found_topics(admin)
        for topic in TOPICS:
            done += _make(admin, topic, found[topic.name], replicas=replicas)
        if done:
            # The broker has agreed to them; that it has them comes a little later.
            admin.wait_for_topics([topic.name for topic in TOPICS])
    except KafkaError as error:
        raise StorageError(f"topics not made: {error}") from error
    return done


def found_topics(admin: KafkaAdminClient) -> dict[str, Found]:
    """Return each topic as it is. Raises KafkaError."""
    names = set(admin.list_topics()) & {topic.name for topic in TOPICS}
    described = {one["name"]: one for one in admin.describe_topics(sorted(names))} if names else {}
    return {topic.name: _found(admin, described.get(topic.name)) for topic in TOPICS}


def differences(found: Mapping[str, Found]) -> list[str]:
    """Return in words how the topics are not as they have to be."""
    return [text for topic in TOPICS for text in _differences(topic, found[topic.name])]


def _differences(topic: Topic, found: Found) -> Iterable[str]:
    if not found.partitions:
        yield f"{topic.name} is missing"
        return
    if found.partitions < topic.partitions:
        yield f"{topic.name} has {found.partitions} partitions instead of {topic.partitions}"
    for name, value in topic.configuration().items():
        if found.configuration.get(name) != value:
            yield f"{topic.name} has {name}={found.configuration.get(name)} instead of {value}"


def _make(admin: KafkaAdminClient, topic: Topic, found: Found, *, replicas: int) -> Iterable[str]:
    wanted = topic.configuration()
    if not found.partitions:
        try:
            admin.create_topics(
                [
                    NewTopic(
                        topic.name, topic.partitions, replicas, topic_configs=topic.configuration()
                    )
                ]
            )
        except TopicAlreadyExistsError:
            # Somebody else was quicker with the same words.
            return []
        return [f"{topic.name}: made with {topic.partitions} partitions, {replicas} replica(s)"]
    done = []
    if found.partitions < topic.partitions:
        admin.create_partitions({topic.name: NewPartitions(topic.partitions)})
        done.append(f"{topic.name}: {topic.partitions} partitions instead of {found.partitions}")
    if any(found.configuration.get(name) != value for name, value in wanted.items()):
        resource = ConfigResource(
            ConfigResourceType.TOPIC, topic.name, configs=topic.configuration()
        )
        admin.alter_configs([resource])
        done.append(f"{topic.name}: settings put right")
    return done


def _found(admin: KafkaAdminClient, described: Mapping[str, Any] | None) -> Found:
    if described is None:
        return Found(partitions=0, replicas=0, configuration={})
    resource = ConfigResource(ConfigResourceType.TOPIC, described["name"])
    settings = admin.describe_configs([resource], config_filter="all")["topic"][described["name"]]
    partitions = described["partitions"]
    return Found(
        partitions=len(partitions),
        replicas=len(partitions[0]["replica_nodes"]),
        configuration={name: one["value"] for name, one in settings.items()},
    )
