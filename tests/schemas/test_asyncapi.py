from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import schemas
from schemas import asyncapi
from schemas.publish import MESSAGES, VERSION, file_name
from schemas.topics import (
    ALERTS,
    DEAD_LETTERS,
    FLAGS,
    INCIDENTS,
    REPORTS,
    TOPICS,
    Headers,
    Told,
    event,
    report_headers,
)

PUBLISHED = Path(schemas.__file__).parent / "published"
STANDARD = Path(__file__).parent / "standards" / "asyncapi-3.0.0.json"
AT = datetime(2014, 1, 13, 6, 30, tzinfo=UTC)


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PUBLISHED / asyncapi.FILE).read_text())
    return found


def test_the_published_document_is_that_of_the_topics() -> None:
    found = (PUBLISHED / asyncapi.FILE).read_text()
    assert found == asyncapi.document(str(VERSION)), (
        "run: python -m schemas.publish schemas/published"
    )


def test_the_document_is_asyncapi_3(document: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(json.loads(STANDARD.read_text())).validate(document)


def test_the_standard_refuses_what_is_none(document: dict[str, Any]) -> None:
    document["channels"]["reports.v1"]["adress"] = "reports.v1"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(STANDARD.read_text())).validate(document)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    for channel in document["channels"].values():
        for reference in channel["messages"].values():
            assert reference["$ref"].rpartition("/")[2] in messages
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
    published = {f"./{file_name(name)}" for name in MESSAGES}
    payloads = [one["payload"]["schema"]["$ref"] for one in messages.values() if "payload" in one]
    assert payloads
    assert set(payloads) <= published


def test_every_topic_is_described_as_it_is_made(document: dict[str, Any]) -> None:
    assert set(document["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        described = document["channels"][topic.name]["bindings"]["kafka"]
        made = topic.configuration()
        assert described["partitions"] == topic.partitions
        assert described["topicConfiguration"]["cleanup.policy"] == [made["cleanup.policy"]]
        assert described["topicConfiguration"].get("retention.ms") == topic.retention_ms


def told(kind: str, *, level: int | None = None, reason: str | None = None) -> Told:
    return Told(kind=kind, subject="x", revision=3, at=AT, level=level, reason=reason)


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("report", report_headers("node-1", 7)),
        ("incident", event(INCIDENTS, b"{}", told("incident", level=1)).headers),
        ("incident-moved", event(INCIDENTS, b"{}", told("incident-moved")).headers),
        ("flag", event(FLAGS, b"{}", told("flag", level=0)).headers),
        ("alert", event(ALERTS, b"{}", told("alert", level=2)).headers),
        ("dead-letter", event(DEAD_LETTERS, b"\xff", told("dead-letter", reason="why")).headers),
    ],
)
def test_what_is_sent_has_the_headers_that_are_described(
    document: dict[str, Any], kind: str, headers: Headers
) -> None:
    described = document["components"]["messages"][kind]
    said = {name: value.decode() for name, value in headers}
    jsonschema.validate(said, described["headers"])
    assert set(said) == set(described["headers"]["properties"])
    assert said["content-type"] == described["contentType"]


def test_reports_are_described_too(document: dict[str, Any]) -> None:
    assert set(document["channels"][REPORTS.name]["messages"]) == {"report"}
