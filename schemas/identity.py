"""Ids made from data: the same in every replay, and sorted by event time for the index.

UUIDv8 (RFC 9562, section 5.8): 48 bits of Unix milliseconds, then 74 bits of the SHA-256 of the
natural key.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

# The digit that holds the variant: binary 10, then two bits of the hash.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_MAX_MS = (1 << 48) - 1


def uuid8(at: datetime, *key: str | int) -> str:
    """Return the canonical 36-character UUIDv8 of a time and a natural key.

    Times before 1970 or after the year 10889 are clamped to the 48 bits that the format has.
    Parts of the key are joined by U+001F, so ("a", "bc") and ("ab", "c") differ.
    """
    return uuid8_ms(round(at.timestamp() * 1000), *key)


def uuid8_ms(unix_ms: int, *key: str | int) -> str:
    """Return the UUIDv8 of Unix milliseconds and a natural key."""
    return _uuid8(unix_ms, "\x1f".join(map(str, key)))


def _uuid8(unix_ms: int, key: str) -> str:
    if not 0 <= unix_ms <= _MAX_MS:
        unix_ms = min(max(unix_ms, 0), _MAX_MS)
    head = f"{unix_ms:012x}"
    tail = sha256(key.encode()).hexdigest()
    return f"{head[:8]}-{head[8:]}-8{tail[1:4]}-{_VARIANT[tail[4]]}{tail[5:8]}-{tail[8:20]}"


def report_id(occurred_start: datetime, root_id: str, revision: int) -> str:
    """Return the id of one revision of a report."""
    # One a report: by the shortest way.
    return _uuid8(round(occurred_start.timestamp() * 1000), f"report\x1f{root_id}\x1f{revision}")


def incident_id(day_start_ms: int, smallest_root_id: str) -> str:
    """Return the id of an incident from its mission-local day and its smallest root_id."""
    return _uuid8(day_start_ms, f"incident\x1f{smallest_root_id}")


def flag_id(day_start_ms: int, flag_key: str) -> str:
    """Return the id of a flag from the start of its window and its stable key."""
    return uuid8_ms(day_start_ms, "flag", flag_key)


def alert_id(day_start_ms: int, place_key: str, actor_class: str) -> str:
    """Return the id of an alert from (place key, actor class, mission-local day)."""
    return uuid8_ms(day_start_ms, "alert", place_key, actor_class)
