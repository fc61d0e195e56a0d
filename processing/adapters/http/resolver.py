"""Names to addresses for webhooks: every address is checked, then connected to as checked.

aiohttp asks once per connection and connects to what it is given, so there is no gap between the
check and the use. The name stays in the Host header and is what the certificate is verified for.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from processing.notify.addresses import AllowList, check_address

RESOLVE_DEADLINE_S: Final = 2.0

_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
Lookup = Callable[[str, int, socket.AddressFamily], Sequence[_AddressInfo]]


def look_up(host: str, port: int, family: socket.AddressFamily) -> Sequence[_AddressInfo]:
    """Ask the system's resolver. Blocks, for as long as the name servers make it."""
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)


class CheckedResolver(AbstractResolver):
    """Resolves within a deadline and refuses a name when one of its addresses is forbidden."""

    def __init__(self, allowed: AllowList, lookup: Lookup = look_up) -> None:
        self._allowed = allowed
        self._lookup = lookup

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the checked addresses. Raises ForbiddenAddressError, OSError or TimeoutError."""
        async with asyncio.timeout(RESOLVE_DEADLINE_S):
            found = await in_thread_of_its_own(lambda: self._lookup(host, port, family))
        for *_, address in found:
            check_address(ip_address(address[0]), host=host, port=port, allowed=self._allowed)
        return [_as_result(host, info) for info in found]

    @override
    async def close(self) -> None:
        """Hold nothing."""


async def in_thread_of_its_own(ask: Callable[[], Sequence[_AddressInfo]]) -> Sequence[_AddressInfo]:
    """Run a blocking question in a daemon thread. Raises the OSError that it raised.

    A pool would let a few dead name servers block all other names, and would make the process wait
    for them at its end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[_AddressInfo]] = loop.create_future()

    def run() -> None:
        outcome = _outcome(ask)
        with suppress(RuntimeError):  # the loop has ended; nobody waits for the answer any more
            loop.call_soon_threadsafe(_settle, answer, outcome)

    threading.Thread(target=run, name="webhook-resolver", daemon=True).start()
    return await answer


def _outcome(ask: Callable[[], Sequence[_AddressInfo]]) -> Sequence[_AddressInfo] | OSError:
    try:
        return ask()
    except OSError as error:
        return error
    except UnicodeError as error:  # a label that the system's resolver can't encode
        return OSError(str(error))


def _settle(
    answer: asyncio.Future[Sequence[_AddressInfo]], outcome: Sequence[_AddressInfo] | OSError
) -> None:
    if answer.done():
        return
    if isinstance(outcome, OSError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _as_result(host: str, info: _AddressInfo) -> ResolveResult:
    family, _, proto, _, address = info
    return ResolveResult(
        hostname=host,
        host=str(address[0]),
        port=int(address[1]),
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
