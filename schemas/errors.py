"""The error tree of Tocsin. Each class says what its catcher should do.

TocsinError
├── InvalidMessageError   the bytes are not a message; trying again cannot help
├── StorageError          the store did not take it; trying again may help
│   ├── FencedError       another worker owns the position; stop, reload, never retry the same write
│   └── StorageFullError  no space or a failed disk; refuse new work until it is mended
├── ConflictError         the same key is stored with another body; a person must look
├── RefusedError          the action does not fit how things stand; read them again, then choose
├── NotFoundError         nothing of that name that the caller may see
├── ForbiddenAddressError a webhook address that may never be called; ask for another address
└── ConfigurationError    a setting is wrong; the message names the setting and the next step
"""

from __future__ import annotations


class TocsinError(Exception):
    """Root of all errors that Tocsin raises on purpose."""


class InvalidMessageError(TocsinError):
    """The bytes do not decode to a message; the same bytes will never do."""

    def __init__(self, reason: str, *, pointer: str = "#") -> None:
        super().__init__(f"{reason} at {pointer}")
        self.reason = reason
        self.pointer = pointer


class StorageError(TocsinError):
    """The store did not accept a write or read; the same call may succeed later."""


class FencedError(StorageError):
    """The position moved under this worker: another one owns it. Reload and start again."""


class StorageFullError(StorageError):
    """The disk is full or failed. Refuse work (503) until it is mended."""


class ConflictError(TocsinError):
    """The same key is already stored with another body."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is already stored with another body")
        self.key = key


class RefusedError(TocsinError):
    """The action was not done, and nothing changed: how things stand does not allow it.

    `pointer` names the part of the request that is wrong by itself; without one somebody else
    was faster, or the step does not exist from here.
    """

    def __init__(self, reason: str, *, pointer: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer


class NotFoundError(TocsinError):
    """Nothing of that name exists for this caller. Hidden and missing are the same."""


class ForbiddenAddressError(TocsinError):
    """The address of a webhook may not be called (private, reserved, or not allowed)."""


class ConfigurationError(TocsinError):
    """A setting or file of the installation is unusable; the message says what to do."""
