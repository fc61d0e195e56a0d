"""Device keys: who sends a report. Pure, but for the ring's cache.

A key is `fu_<key id>_<43 characters>`: 256 random bits, shown once, stored as SHA-256 (a fast hash
is right for a secret that nobody can guess). The prefix lets secret scanners find a leaked key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import structlog

from schemas.clock import Monotonic
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

_FORMAT = re.compile(r"fu_([a-z0-9]{4,32})_([A-Za-z0-9_-]{43})")
_KEY_ID_BYTES = 5
_SECRET_BYTES = 32
# Compared when the key id is unknown, so that both ways do the same work. No secret has this hash.
_NOBODY = "0" * 64
# Issued and revoked keys take effect within this; the promise is 5 s.
REFRESH_S = 1.0
# A unit's phones may report late about its last days; after that, its keys are nobody's.
UNIT_GRACE = timedelta(days=90)

# Gives so many random bytes: `secrets.token_bytes` outside of tests.
RandomBytes = Callable[[int], bytes]


class Denial(StrEnum):
    """Why a key is refused. The first four are 401, the last two 403."""

    KEY_MISSING = "KEY_MISSING"
    KEY_MALFORMED = "KEY_MALFORMED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_EXPIRED = "KEY_EXPIRED"
    KEY_REVOKED = "KEY_REVOKED"
    UNIT_NOT_ALLOWED = "UNIT_NOT_ALLOWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKey:
    """A key as it is stored: never the secret. `unit_valid_to` is None for a unit without end."""

    key_id: str
    unit_id: str
    secret_sha256: str
    max_level: int
    issued_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    unit_valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who is known to have sent something, and up to which level their key may write."""

    unit_id: str
    key_id: str
    max_level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A new key: `secret` goes to the person once, `stored` into the database."""

    secret: str
    stored: DeviceKey


def issue(
    unit_id: str,
    *,
    now: datetime,
    random_bytes: RandomBytes,
    lifetime: timedelta | None = timedelta(days=90),
    max_level: int = 1,
) -> IssuedKey:
    """Make a key for a unit. `lifetime=None` never expires. Nothing is stored by this."""
    key_id = random_bytes(_KEY_ID_BYTES).hex()
    part = _text(random_bytes(_SECRET_BYTES))
    stored = DeviceKey(
        key_id=key_id,
        unit_id=unit_id,
        secret_sha256=_sha256(part),
        max_level=max_level,
        issued_at=now,
        expires_at=None if lifetime is None else now + lifetime,
    )
    return IssuedKey(secret=f"fu_{key_id}_{part}", stored=stored)


def verify(
    authorization: str | None, keys: Mapping[str, DeviceKey], *, now: datetime, today: date
) -> Sender | Denial:
    """Decide who sent a request from its Authorization header.

    `now` is the system clock's time (keys expire in the real world), `today` the mission's day
    (units end in the mission's). A wrong secret and an unknown key id take the same steps.
    """
    if not authorization:
        return Denial.KEY_MISSING
    scheme, _, token = authorization.partition(" ")
    match = _FORMAT.fullmatch(token.strip())
    if scheme.lower() != "bearer" or match is None:
        return Denial.KEY_MALFORMED
    key = keys.get(match[1])
    expected = _NOBODY if key is None else key.secret_sha256
    is_same = hmac.compare_digest(_sha256(match[2]), expected)
    if key is None or not is_same:
        return Denial.KEY_UNKNOWN
    return _standing(key, now=now, today=today)


def _standing(key: DeviceKey, *, now: datetime, today: date) -> Sender | Denial:
    if key.revoked_at is not None:
        return Denial.KEY_REVOKED
    if key.expires_at is not None and now >= key.expires_at:
        return Denial.KEY_EXPIRED
    if key.unit_valid_to is not None and today > key.unit_valid_to + UNIT_GRACE:
        return Denial.UNIT_NOT_ALLOWED
    return Sender(unit_id=key.unit_id, key_id=key.key_id, max_level=key.max_level)


class KeyRing:
    """A copy of the stored keys, at most `refresh_s` old while the store answers.

    When the store is away the last copy goes on being used: the field must not notice. `load`
    blocks on the store and raises StorageError. `known` is a copy to begin with.
    """

    def __init__(
        self,
        load: Callable[[], Iterable[DeviceKey]],
        *,
        monotonic: Monotonic,
        system_now: Callable[[], datetime],
        refresh_s: float = REFRESH_S,
        known: Iterable[DeviceKey] | None = None,
    ) -> None:
        self._load = load
        self._monotonic = monotonic
        self._system_now = system_now
        self._refresh_s = refresh_s
        self._keys: Mapping[str, DeviceKey] | None = (
            None if known is None else {key.key_id: key for key in known}
        )
        self._read_at: float | None = None
        self._refreshing = threading.Lock()

    def is_stale(self) -> bool:
        """Say whether the copy should be read again before it is used."""
        return self._read_at is None or self._monotonic() - self._read_at >= self._refresh_s

    def refresh(self) -> None:
        """Read the keys again if the copy is stale. Blocks; keeps the old copy on failure."""
        with self._refreshing:
            if not self.is_stale():
                return
            asked_at = self._monotonic()
            try:
                self._keys = {key.key_id: key for key in self._load()}
            except StorageError as error:
                log.warning("device keys not refreshed", reason=str(error))
            self._read_at = asked_at

    def verify(self, authorization: str | None, *, today: date) -> Sender | Denial:
        """Decide who sent a request, from the copy.

        Raises StorageError when there is none yet: nobody is refused because we know nobody.
        """
        if self._keys is None:
            raise StorageError("the device keys were never read")
        return verify(authorization, self._keys, now=self._system_now(), today=today)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
