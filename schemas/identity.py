"""Ids made from data: the same in every replay, and sorted by event time for the index.

UUIDv8 (RFC 9562, section 5.8): 48 bits of Unix milliseconds, then 74 bits of the SHA-256 of the
natural key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import numpy as np

# The digit that holds the variant: binary 10, then two bits of the hash.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_MAX_MS = (1 << 48) - 1
# Where the 32 hexadecimal digits stand in a text of 36.
_DIGITS = [at for at in range(36) if at not in (8, 13, 18, 23)]
# From here on, making all at once is cheaper than one by one.
_MANY = 32


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


def report_ids(
    starts: Sequence[datetime], root_ids: Sequence[str], revisions: Sequence[int]
) -> list[str]:
    """Return the id of each revision of a report: what `report_id` says, at half of its cost."""
    if len(starts) < _MANY:
        return list(map(report_id, starts, root_ids, revisions))
    keys = [
        f"report\x1f{root_id}\x1f{revision}"
        for root_id, revision in zip(root_ids, revisions, strict=True)
    ]
    return _uuid8_many([at.timestamp() for at in starts], keys)


def _uuid8_many(unix_s: Sequence[float], keys: Sequence[str]) -> list[str]:
    times_ms = np.clip(np.rint(np.array(unix_s) * 1000), 0, _MAX_MS).astype(">u8")
    hashes = b"".join([sha256(key.encode()).digest() for key in keys])
    made = np.empty((len(keys), 16), np.uint8)
    made[:, :6] = times_ms.view(np.uint8).reshape(-1, 8)[:, 2:]
    made[:, 6:] = np.frombuffer(hashes, np.uint8).reshape(-1, 32)[:, :10]
    # Version 8, and the variant.
    made[:, 6] = made[:, 6] & 0x0F | 0x80
    made[:, 8] = made[:, 8] & 0x3F | 0x80
    texts = np.full((len(keys), 36), ord("-"), np.uint8)
    digits = np.frombuffer(made.tobytes().hex().encode(), np.uint8)
    texts[:, _DIGITS] = digits.reshape(-1, 32)
    joined = texts.tobytes().decode()
    return [joined[at : at + 36] for at in range(0, len(joined), 36)]


def key_hash(report_id: str) -> int:
    """Return the last 48 bits of a report's id: of the hash of its natural key."""
    return int(report_id[-12:], 16)


def key_hash_of(root_id: str, revision: int) -> int:
    """Return the `key_hash` that the id of a report has, whenever it was."""
    return key_hash(_uuid8(0, f"report\x1f{root_id}\x1f{revision}"))


def incident_id(day_start_ms: int, smallest_root_id: str) -> str:
    """Return the id of an incident from its mission-local day and its smallest root_id."""
    return _uuid8(day_start_ms, f"incident\x1f{smallest_root_id}")


def flag_id(day_start_ms: int, flag_key: str) -> str:
    """Return the id of a flag from the start of its window and its stable key."""
    return uuid8_ms(day_start_ms, "flag", flag_key)


def alert_id(day_start_ms: int, place_key: str, actor_class: str) -> str:
    """Return the id of an alert from (place key, actor class, mission-local day)."""
    return uuid8_ms(day_start_ms, "alert", place_key, actor_class)
