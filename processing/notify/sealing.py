"""Secrets at rest: AES-256-GCM, bound to what they belong to, with the key's id in the record.

A record is version (1 byte), key id (8), nonce (12), ciphertext with tag. To rotate, seal with the
new key and keep the old one in `older` until every record has been sealed again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import ConfigurationError

KEY_BYTES: Final = 32

_VERSION: Final = b"\x01"
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = 1 + _ID_BYTES + _NONCE_BYTES


class Sealer:
    """Seals with one key, opens with whichever sealed. Never shows a key or a secret."""

    def __init__(
        self,
        key: bytes,
        *,
        older: Sequence[bytes] = (),
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._keys = (key, *older)
        self._random_bytes = random_bytes

    def seal(self, secret: bytes, *, subject: str) -> bytes:
        """Return a record that opens only for the same subject, for example an endpoint's id."""
        key = self._keys[0]
        nonce = self._random_bytes(_NONCE_BYTES)
        head = _VERSION + key_id(key) + nonce
        return head + _cipher(key).encrypt(nonce, secret, _bound_to(head, subject))

    def open(self, record: bytes, *, subject: str) -> bytes:
        """Return the secret. Raises ConfigurationError for a wrong key, subject or record."""
        head, sealed = record[:_HEAD_BYTES], record[_HEAD_BYTES:]
        if len(head) < _HEAD_BYTES or head[:1] != _VERSION:
            raise ConfigurationError(f"the secret of {subject} is not a sealed record")
        key = self._key_named(head[1 : 1 + _ID_BYTES], subject)
        try:
            return _cipher(key).decrypt(head[-_NONCE_BYTES:], sealed, _bound_to(head, subject))
        except InvalidTag as error:
            raise ConfigurationError(f"the secret of {subject} was changed or moved") from error

    def _key_named(self, name: bytes, subject: str) -> bytes:
        for key in self._keys:
            if key_id(key) == name:
                return key
        raise ConfigurationError(
            f"the key that sealed the secret of {subject} is missing; put its file back, or give "
            "the endpoint a new secret"
        )


def key_id(key: bytes) -> bytes:
    """Return the id of a key, which tells nothing about it."""
    return hashlib.sha256(b"tocsin key id\x00" + key).digest()[:_ID_BYTES]


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise ConfigurationError("the key that seals secrets has 32 bytes")
    return AESGCM(key)


def _bound_to(head: bytes, subject: str) -> bytes:
    return head + subject.encode()
