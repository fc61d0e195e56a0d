"""What every command of one box opens: the data folder, its database and its clocks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy.clocks import SteppedClock, SystemClock, open_stepped_clock
from deploy.configure import read_mission
from deploy.database import Database, database_of, open_postgresql
from deploy.door_copy import Known, read_copy
from deploy.revision import HEAD, current_revision
from deploy.settings import Settings
from processing.adapters.sql.errors import translated
from schemas.clock import Clock
from schemas.errors import ConfigurationError
from schemas.mission import Mission

_KEY_BYTES = 32
_PRIVATE = 0o077
_OTHERS = 0o007
# A replay's clock starts here when nobody stepped it yet: before any event of the sample mission.
REPLAY_START = datetime(2011, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The opened parts that commands share. `clock` is the mission clock.

    `known` is what the door last knew, where its database was away when it was opened.
    """

    settings: Settings
    database: Database
    mission: Mission
    clock: Clock
    system_clock: Clock
    key: bytes
    known: Known | None = None


@contextmanager
def open_box(settings: Settings) -> Iterator[Box]:
    """Open a box that `tocsin migrate` or `tocsin demo` made.

    Raises ConfigurationError, and StorageError while the database does not answer.
    """
    with opened_database(settings) as database:
        with translated():
            require_schema(database)
            mission = read_mission(database.read)
        yield _box(settings, database, mission)


@contextmanager
def open_box_from_copy(settings: Settings) -> Iterator[Box | None]:
    """Open a door's box whose database is away, from what the door last knew; None without that."""
    known = read_copy(settings.door_copy_path, now=SystemClock().now())
    if known is None or settings.database_url is None:
        yield None
        return
    database = open_postgresql(settings.database_url.get_secret_value(), is_away=True)
    try:
        yield replace(_box(settings, database, known.mission), known=known)
    finally:
        database.engine.dispose()


def _box(settings: Settings, database: Database, mission: Mission) -> Box:
    return Box(
        settings=settings,
        database=database,
        mission=mission,
        clock=mission_clock(settings, mission),
        system_clock=SystemClock(),
        key=read_key(settings.key_path, given=settings.key_file is not None),
    )


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """Open the database, making the data folder (mode 0700) when it is missing."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = database_of(settings)
    except OSError as error:
        raise ConfigurationError(
            f"the data folder {settings.data_dir} can't be used ({error.strerror}): "
            "set TOCSIN_DATA_DIR to a folder that you may write"
        ) from error
    try:
        yield database
    finally:
        database.engine.dispose()


def require_schema(database: Database) -> None:
    """Raise ConfigurationError unless the schema is exactly the one that this version knows."""
    with database.read() as connection:
        found = current_revision(connection)
    if found != HEAD:
        raise ConfigurationError(
            f"the database has schema {found or 'none'}, this version needs {HEAD}: "
            "run `tocsin migrate`"
        )


def mission_clock(settings: Settings, mission: Mission) -> Clock:
    """Return the stepped clock of a replay, the machine's clock of a real mission."""
    if mission.replay:
        return stepped_clock(settings)
    return SystemClock()


def stepped_clock(settings: Settings) -> SteppedClock:
    """Return the clock of a replay, shared by all processes of the box."""
    return open_stepped_clock(settings.clock_path, start=REPLAY_START)


def read_key(path: Path, *, given: bool = False) -> bytes:
    """Return the key that seals secrets, making it at the first start.

    One that is `given` is never made, and its group may read it, as where secrets are mounted.
    Raises ConfigurationError when others on the machine can read it, or it is not there, or its
    size is wrong.
    """
    if not path.exists() and given:
        raise ConfigurationError(
            f"TOCSIN_KEY_FILE names {path}, which is not there: `head -c {_KEY_BYTES} /dev/urandom`"
            " makes one, the same for every process"
        )
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & (_OTHERS if given else _PRIVATE):
        raise ConfigurationError(f"others can read {path}: run `chmod 600 {path}`")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"{path} has {len(key)} bytes instead of {_KEY_BYTES}")
    return key


def _make_key(path: Path) -> None:
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
