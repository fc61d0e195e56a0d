"""One POST of one webhook, and what came back, in the words of the verdict."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from processing.adapters.http.resolver import CheckedResolver, Lookup, look_up
from processing.notify.addresses import NOTHING_ALLOWED, AllowList, check_url
from processing.notify.verdict import Answer
from schemas.errors import ForbiddenAddressError

# A receiver has nothing to say to us beyond its status.
READ_CAP_BYTES: Final = 64 * 1024
USER_AGENT: Final = "Tocsin webhooks"
# Shorter than the idle time-outs that servers have (uvicorn 5 s, nginx 75 s): a connection that the
# other side is about to close would turn the next alert into a failed attempt.
KEEP_ALIVE_S: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLimits:
    """How long one attempt may take, and where it may go."""

    connect_s: float = 3.0
    total_s: float = 10.0
    allowed: AllowList = NOTHING_ALLOWED


class Sender:
    """Posts over one session that keeps connections alive."""

    def __init__(self, session: aiohttp.ClientSession, allowed: AllowList) -> None:
        self._session = session
        self._allowed = allowed

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send these bytes once and return what came back; never raises for the other side.

        The address is checked anew, redirects are not followed, and of the response only the
        status and Retry-After are kept.
        """
        try:
            destination = check_url(url, self._allowed)
            async with self._session.post(
                destination.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await _drain(response)
                return Answer(
                    status=response.status,
                    retry_after_s=retry_after_s(response.headers, datetime_of(response)),
                )
        except (aiohttp.ClientError, OSError, ForbiddenAddressError, ValueError) as error:
            return Answer(error=reason_of(error))


@asynccontextmanager
async def open_sender(
    limits: SendLimits, *, tls: ssl.SSLContext | None = None, lookup: Lookup = look_up
) -> AsyncGenerator[Sender]:
    """Open the session and close it at the end. `tls` trusts a mission's own authorities."""
    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(limits.allowed, lookup),
        use_dns_cache=False,
        limit=0,
        keepalive_timeout=KEEP_ALIVE_S,
        ssl=True if tls is None else tls,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=limits.total_s, connect=limits.connect_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Content-Type": "application/json"},
        auto_decompress=False,
        trust_env=False,
    )
    async with session:
        yield Sender(session, limits.allowed)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer, so that the connection can be used again; hang up on a long one."""
    left = READ_CAP_BYTES
    while left > 0:
        chunk = await response.content.read(left)
        if not chunk:
            return
        left -= len(chunk)
    response.close()


def datetime_of(response: aiohttp.ClientResponse) -> datetime | None:
    """Return the receiver's own time, by which it means a date in Retry-After."""
    return _date(response.headers.get("Date"))


def retry_after_s(headers: Mapping[str, str], now: datetime | None) -> float | None:
    """Return the seconds that a receiver asks for; None when it doesn't, or not readably."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal() and value.isascii():
        return float(value[:9])
    at = _date(value)
    if at is None or now is None:
        return None
    return max((at - now).total_seconds(), 0.0)


def _date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# From the special to the general; each is a subclass of none before it.
_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (aiohttp.ClientConnectorCertificateError, "certificate not valid for the name"),
    (aiohttp.ClientConnectorSSLError, "TLS failed"),
    (aiohttp.ClientConnectorDNSError, "name not found"),
    (aiohttp.ConnectionTimeoutError, "no connection in time"),
    (aiohttp.SocketTimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (aiohttp.ServerDisconnectedError, "connection closed without an answer"),
    (aiohttp.ClientConnectorError, "connection refused"),
    (aiohttp.ClientPayloadError, "answer broken off"),
    (aiohttp.ClientConnectionError, "connection lost"),
    (aiohttp.ClientResponseError, "not an HTTP answer"),
    (aiohttp.InvalidURL, "not a URL"),
    (aiohttp.ClientError, "request failed"),
    (OSError, "connection lost"),
    (ValueError, "not a URL"),
)


def reason_of(error: Exception) -> str:
    """Return why there is no status, in words that hold nothing of the other side's text."""
    if isinstance(error, ForbiddenAddressError):
        return f"forbidden address: {error}"
    return next((words for kind, words in _REASONS if isinstance(error, kind)), "request failed")
