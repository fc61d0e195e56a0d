"""What a door needs of the database to take reports, kept beside its spool.

With it a door that starts while the database is away takes reports all the same. It holds no secret
of a device key, only their hashes, as the database does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError

from ingest.credentials import DeviceKey
from schemas.mission import Mission

log = structlog.get_logger(__name__)

# A door begins with nothing older: a key may have been revoked since.
LIFETIME: Final = timedelta(hours=24)
_PRIVATE = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database said at a time of the system clock."""

    at: datetime
    mission: Mission
    pcodes: frozenset[str]
    keys: tuple[DeviceKey, ...]


def write_copy(path: Path, known: Known) -> None:
    """Replace the copy, for nobody else to read. Raises OSError."""
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(TypeAdapter(Known).dump_json(known))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_copy(path: Path, *, now: datetime) -> Known | None:
    """Return the copy; None, and why in the log, when there is none that may be used."""
    try:
        mode, text = path.stat().st_mode, path.read_bytes()
        known = TypeAdapter(Known).validate_json(text)
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("the door's copy can't be used", reason=type(error).__name__)
        return None
    if mode & _PRIVATE:
        log.warning("the door's copy is not used: others may have written it", path=str(path))
        return None
    if not timedelta() <= now - known.at <= LIFETIME:
        log.warning("the door's copy is too old", of=known.at.isoformat())
        return None
    return known
