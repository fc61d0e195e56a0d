"""The AsyncAPI 3.0 document of the topics, made from their definitions."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from schemas.topics import ALERTS, DEAD_LETTERS, FLAGS, INCIDENTS, REPORTS, TOPICS, Topic

FILE: Final = "asyncapi.json"
_JSON = "application/json"


class _Kind(NamedTuple):
    """One kind of message: its type is `org.tocsin.NAME.v1`; `schema` is a file beside this one."""

    name: str
    topic: Topic
    schema: str | None
    says: str
    has_level: bool = False


_KINDS: Final = (
    _Kind("report", REPORTS, "admitted-report.v1", "A report or a revision of one, as admitted."),
    _Kind("incident", INCIDENTS, "incident.v1", "What happened, as known now.", has_level=True),
    _Kind(
        "incident-moved",
        INCIDENTS,
        "incident-moved.v1",
        "An incident that is one no more: its reports are in another, or in none.",
    ),
    _Kind("flag", FLAGS, "flag.v1", "A risk that a rule saw, with its evidence.", has_level=True),
    _Kind("alert", ALERTS, "alert.v1", "What a person must act on.", has_level=True),
    _Kind("dead-letter", DEAD_LETTERS, None, "What could not be processed, as it was received."),
)


def document(version: str) -> str:
    """Return the document as text, the same in every run. Payloads are schemas beside it."""
    content = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin: the topics",
            "version": version,
            "description": (
                "CloudEvents 1.0 in the binary mode of its Kafka binding. Delivery is at least "
                "once. Of one ce_subject, which is also the key, a reader drops what has a lower "
                "ce_sequence than it has seen; reports have no subject, and none is dropped. "
                "What is said is not generalised for anybody: only those may read a topic who may "
                "see all of it."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _JSON,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {_operation_name(topic): _operation(topic) for topic in TOPICS},
        "components": {"messages": {kind.name: _message(kind) for kind in _KINDS}},
    }
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _channel(topic: Topic) -> dict[str, Any]:
    settings = topic.configuration()
    kept: dict[str, Any] = {
        "cleanup.policy": [settings["cleanup.policy"]],
        "max.message.bytes": topic.max_record_bytes,
    }
    if topic.retention_ms is not None:
        kept["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "messages": {
            kind.name: {"$ref": f"#/components/messages/{kind.name}"}
            for kind in _KINDS
            if kind.topic is topic
        },
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": kept,
            }
        },
    }


def _operation_name(topic: Topic) -> str:
    return f"send-{topic.name}"


def _operation(topic: Topic) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic.name}"}}


def _message(kind: _Kind) -> dict[str, Any]:
    is_json = kind.schema is not None
    message: dict[str, Any] = {
        "name": f"org.tocsin.{kind.name}.v1",
        "summary": kind.says,
        "contentType": _JSON if is_json else "application/octet-stream",
        "headers": _headers(kind),
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "key": {"type": "string"}}},
    }
    if is_json:
        message["payload"] = {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{kind.schema}.schema.json"},
        }
    return message


def _headers(kind: _Kind) -> dict[str, Any]:
    """Return the schema of the headers as texts; Kafka carries them as bytes in UTF-8."""
    text = {"type": "string"}
    names: dict[str, Any] = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": text,
        "ce_source": {"type": "string", "pattern": "^/(ingest/[a-z0-9-]+|processing)$"},
        "ce_type": {"const": f"org.tocsin.{kind.name}.v1"},
        "ce_sequence": {"type": "string", "pattern": "^[0-9]+$"},
        "content-type": {"const": _JSON if kind.schema else "application/octet-stream"},
    }
    if kind.topic is not REPORTS:
        names |= {"ce_subject": text, "ce_time": {"type": "string", "format": "date-time"}}
    if kind.has_level:
        names["ce_level"] = {"type": "string", "pattern": "^[0-9]+$"}
    if kind.topic is DEAD_LETTERS:
        names["ce_reason"] = text
    return {
        "type": "object",
        "properties": names,
        "required": sorted(names),
    }
