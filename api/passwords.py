"""Passwords: argon2id, and the same work for a person who does not exist."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.tokens import new_token

MIN_CHARACTERS = 12
# Longer ones only cost time; a passphrase of 40 words is shorter.
MAX_CHARACTERS = 1_024


class Passwords:
    """Hashes and checks passwords. Both cost tens of milliseconds and much memory on purpose."""

    def __init__(self, hasher: PasswordHasher, *, decoy: str) -> None:
        self._hasher = hasher
        self._decoy = decoy

    def hash(self, password: str) -> str:
        """Return the argon2id hash with its salt and parameters."""
        return self._hasher.hash(password)

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Say whether a password is right.

        Without a stored hash the same work is done on a decoy, so that the time does not tell
        whether the account exists.
        """
        try:
            self._hasher.verify(password_hash or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)


def with_decoy(hasher: PasswordHasher) -> Passwords:
    """Return the passwords of a service; makes one hash of a random password."""
    return Passwords(hasher, decoy=hasher.hash(new_token()))
