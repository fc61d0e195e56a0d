"""What the database says, in words that the engine understands.

An error that may pass (locked, lost connection, full disk) becomes a StorageError and the batch is
tried again. What the same statement will always answer (a broken constraint, a wrong value) stays
as it is: the engine then looks for the record that causes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import exc

from schemas.errors import StorageError, StorageFullError

# SQLite's texts for SQLITE_FULL, SQLITE_IOERR and SQLITE_READONLY; PostgreSQL's for DiskFull.
FULL_SIGNS = ("disk is full", "disk I/O error", "readonly database", "No space left on device")

# The same statement with the same values will fail again.
LASTING = (
    exc.IntegrityError,
    exc.DataError,
    exc.ProgrammingError,
    exc.NotSupportedError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.NotSupportedError,
)

# What may pass: everything else that a database says, through SQLAlchemy or straight.
PASSING = (exc.DBAPIError, exc.TimeoutError, exc.ResourceClosedError, sqlite3.Error)


@contextmanager
def translated() -> Generator[None]:
    """Raise StorageError (or StorageFullError) for database errors that may pass."""
    try:
        yield
    except LASTING:
        raise
    except PASSING as error:
        raise as_storage_error(error) from error


def as_storage_error(error: Exception) -> StorageError:
    """Return the error of ours that says what to do about one of the database's."""
    text = str(error)
    if any(sign in text for sign in FULL_SIGNS):
        return StorageFullError(text)
    return StorageError(text)
