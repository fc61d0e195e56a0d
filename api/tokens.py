"""Secrets that people carry: 256 random bits, of which only the SHA-256 is stored.

A fast hash is right for these: there is nothing to guess in 256 bits.
"""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_token() -> str:
    """Return 43 URL-safe characters from the system's random source."""
    return secrets.token_urlsafe(_BYTES)


def token_sha256(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same_token(given: str, stored: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), stored.encode())
