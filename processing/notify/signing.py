"""Standard Webhooks 1.0.0, scheme v1: HMAC-SHA256 over `id.timestamp.body`."""

from __future__ import annotations

import base64
import hmac

from schemas.errors import ConfigurationError

PREFIX = "whsec_"
# The specification asks for 24 to 64 random bytes.
MIN_KEY_BYTES = 24
MAX_KEY_BYTES = 64


def sign(secret: str, webhook_id: str, *, unix_s: int, body: bytes) -> str:
    """Return the value of `webhook-signature` for one attempt.

    The body must be sent as these same bytes, and `webhook-timestamp` as this same number.
    Raises ConfigurationError when the secret is unusable; the message never holds it.
    """
    signed = b"%s.%d.%s" % (webhook_id.encode(), unix_s, body)
    digest = hmac.digest(key_of(secret), signed, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def secret_of(key: bytes) -> str:
    """Return random bytes in the form in which a secret is shown to its owner, once."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """Return the key of a secret, with or without its prefix and padding."""
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise ConfigurationError("a webhook secret is whsec_ and base64") from error
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ConfigurationError("a webhook secret has 24 to 64 bytes")
    return key
