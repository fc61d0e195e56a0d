"""What goes into the spool and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

# Called with the name of a point that a crash test may stop the process at.
Checkpoint = Callable[[str], None]

BEFORE_FSYNC = "spool.before_fsync"
AFTER_FSYNC = "spool.after_fsync"


def no_checkpoint(_name: str) -> None:
    """Do nothing: what runs outside of crash tests."""


# Named tuples where there is one a report: a frozen dataclass costs three times as much to make.


class SpoolEntry(NamedTuple):
    """One admitted report as bytes, with its natural key and the hash of its body."""

    root_id: str
    revision: int
    sha256: str
    report_id: str
    value: bytes


class Appended(NamedTuple):
    """The entry is durable at this position."""

    position: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same key and body lie at this position already: `value` holds the first answer.

    `value` is empty when the record was trimmed because processing has stored it.
    """

    position: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Conflict:
    """The same key lies at this position with another body; nothing was written."""

    position: int


SpoolVerdict = Appended | Duplicate | Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLimits:
    """Bounds of the spool. Beyond any of them it refuses (503) instead of growing.

    `max_file_bytes` bounds the database file, `min_free_bytes` is what must stay free on its
    disk, `max_queued_bytes` what waits for the disk in memory, `max_commit_bytes` and
    `max_commit_entries` what one commit (one fsync) takes. `wal_bytes` is the size of the
    write-ahead log from which a checkpoint also truncates it. `recent_ids` bounds the memory
    that finds a receipt by id: about 150 bytes each.
    """

    max_file_bytes: int = 32 * 1024**3
    min_free_bytes: int = 64 * 1024**2
    max_queued_bytes: int = 64 * 1024**2
    max_commit_bytes: int = 8 * 1024**2
    max_commit_entries: int = 5_000
    wal_bytes: int = 64 * 1024**2
    recent_ids: int = 200_000
