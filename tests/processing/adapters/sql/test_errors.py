from __future__ import annotations

import inspect
import sqlite3

import pytest
from sqlalchemy import exc

from processing.adapters.sql.errors import LASTING, PASSING, translated
from schemas.errors import StorageError, StorageFullError

DRIVER_ERRORS = [
    error
    for module in (exc, sqlite3)
    for _, error in inspect.getmembers(module, inspect.isclass)
    if issubclass(error, exc.DBAPIError | sqlite3.Error)
]


def raised(error: type[Exception]) -> Exception:
    if issubclass(error, exc.DBAPIError):
        return error("SELECT 1", None, sqlite3.Error("locked"))
    return error("locked")


@pytest.mark.parametrize(
    "error", DRIVER_ERRORS, ids=lambda error: f"{error.__module__}.{error.__name__}"
)
def test_every_error_of_the_database_either_passes_or_lasts(error: type[Exception]) -> None:
    expected = error if issubclass(error, LASTING) else StorageError
    with pytest.raises(expected) as caught, translated():
        raise raised(error)
    assert isinstance(caught.value, LASTING) or isinstance(caught.value.__cause__, PASSING)


@pytest.mark.parametrize(
    "text", ["database or disk is full", "disk I/O error", "attempt to write a readonly database"]
)
def test_a_full_or_failed_disk_is_told_apart(text: str) -> None:
    with pytest.raises(StorageFullError), translated():
        raise sqlite3.OperationalError(text)


def test_what_is_not_of_the_database_passes_through() -> None:
    with pytest.raises(KeyError), translated():
        raise KeyError
