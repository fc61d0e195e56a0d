"""The topics of the distributed form, and what a record on them looks like.

CloudEvents 1.0 in the binary mode of its Kafka binding: the attributes are headers, the value is
the JSON that the spool holds too. Readers look at no attribute but `ce_source` and `ce_sequence`,
and do without: a record that somebody else puts on a topic is a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from schemas.log import Origin

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

# A record that the door admits is at most as large as the body of one report and what it adds.
MAX_RECORD_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic as it has to be. `retention_ms` is None for one that keeps the last of each key."""

    name: str
    partitions: int
    retention_ms: int | None
    max_record_bytes: int = MAX_RECORD_BYTES

    def configuration(self) -> dict[str, str]:
        """Return the settings of the topic that Tocsin depends on, as the broker words them."""
        cleanup = (
            {"cleanup.policy": "compact"}
            if self.retention_ms is None
            else {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
        )
        # Device clocks are in the body; the broker's own cannot be refused by it.
        return {
            **cleanup,
            "max.message.bytes": str(self.max_record_bytes),
            "message.timestamp.type": "LogAppendTime",
        }


# Twelve partitions let six workers share them evenly, and two, three or four.
REPORTS = Topic(name="reports.v1", partitions=12, retention_ms=30 * _DAY_MS)

# What was concluded, for whoever joins it with other things: the last of each key is kept.
INCIDENTS = Topic(name="incidents.v1", partitions=3, retention_ms=None)
FLAGS = Topic(name="flags.v1", partitions=3, retention_ms=None)
ALERTS = Topic(name="alerts.v1", partitions=3, retention_ms=None)

# What could not be processed, as it was received.
DEAD_LETTERS = Topic(name="reports.dead-letter.v1", partitions=1, retention_ms=90 * _DAY_MS)

TOPICS = (REPORTS, INCIDENTS, FLAGS, ALERTS, DEAD_LETTERS)

_REPORT_TYPE = b"org.tocsin.report.v1"
_SOURCE = re.compile(rb"/ingest/([a-z0-9][a-z0-9-]{2,31})")

# Header names and values, as Kafka carries them.
Headers = list[tuple[str, bytes]]


def report_headers(node: str, sequence: int) -> Headers:
    """Return the attributes of the report that lies in a node's spool at a sequence."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"%s:%d" % (node.encode(), sequence)),
        ("ce_source", b"/ingest/%s" % node.encode()),
        ("ce_type", _REPORT_TYPE),
        ("ce_sequence", b"%d" % sequence),
        ("content-type", b"application/json"),
    ]


class Event(NamedTuple):
    """One record on a topic of conclusions: its key is the id of what it tells of."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the headers of an event say beside its body. `revision` orders the events of a subject.

    `level` is the highest sensitivity level of what the body tells; None where nobody has told it.
    """

    kind: str
    subject: str
    revision: int
    at: datetime
    level: int | None = None
    reason: str | None = None


def event(topic: Topic, value: bytes, told: Told) -> Event:
    """Return an event of processing. Its id is the same whenever it is sent again."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{told.subject}:{told.revision}".encode()),
        ("ce_source", b"/processing"),
        ("ce_type", f"org.tocsin.{told.kind}.v1".encode()),
        ("ce_subject", told.subject.encode()),
        ("ce_time", told.at.isoformat().encode()),
        # The extension "sequence" compares as text.
        ("ce_sequence", b"%010d" % told.revision),
    ]
    if told.level is not None:
        headers.append(("ce_level", b"%d" % told.level))
    if told.reason is not None:
        headers.append(("ce_reason", told.reason.encode()))
    is_json = told.reason is None
    media = b"application/json" if is_json else b"application/octet-stream"
    return Event(topic.name, told.subject.encode(), value, [*headers, ("content-type", media)])


def origin_of(headers: Iterable[tuple[str, bytes | None]]) -> Origin | None:
    """Return where a record says that it was first; None when it says nothing sensible."""
    found = dict(headers)
    source = _SOURCE.fullmatch(found.get("ce_source") or b"")
    sequence = found.get("ce_sequence") or b""
    # Of 18 digits at most, it fits into the column.
    if source is None or not sequence.isdigit() or len(sequence) > 18:  # noqa: PLR2004
        return None
    return Origin(source[1].decode(), int(sequence))


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key.

    Which one it is matters to nobody; that one key has one keeps what belongs together near.
    """
    return crc32(key) % partitions
