"""Which addresses a webhook may reach: pure checks of a URL and of a resolved address.

`ipaddress` alone is not enough: `is_global` lets through addresses that only wrap a private one
(NAT64, 6to4, Teredo, IPv4-mapped), site-local, relay anycast and multicast ones. And `getaddrinfo`
reads 0x7f000001, 2130706433, 0177.0.0.1 and 127.1 as 127.0.0.1, so numeric hosts must be in their
canonical form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import SplitResult, urlsplit

import idna

from schemas.errors import ConfigurationError, ForbiddenAddressError

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

MAX_URL_CHARS: Final = 2_000
MAX_HOST_CHARS: Final = 253
PUBLIC_PORTS: Final = frozenset({443, 8_443})

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_MAX_PORT: Final = 65_535

_NAME: Final = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
# A last label that a resolver would read as a number makes the whole host one (WHATWG URL, 4.5.5).
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_ENTRY: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]/]+):(?P<port>[0-9]{1,5})")
_BRACKETED: Final = re.compile(r"\[[0-9a-fA-F:.]+\](:[0-9]*)?")
_PRINTABLE: Final = re.compile(r"[!-\[\]-~]+")  # ASCII without space, control and backslash

# Global unicast. Everything else in IPv6 is special or not given out.
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
# Never, whatever is_global says: local NAT64 (what it wraps depends on the network), protocol
# assignments, 6to4 relay anycast, ORCHID, documentation of 2024.
_NEVER_GLOBAL: Final = (
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2001::/23"),
    IPv6Network("3fff::/20"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.0.0.0/24"),
)
# Deny wins: no allow-list opens these. 169.254.169.254 hands out a cloud machine's credentials.
_NEVER_ALLOWED: Final = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("224.0.0.0/3"),
    IPv6Network("::/128"),
    IPv6Network("fe80::/10"),
    IPv6Network("ff00::/8"),
    IPv6Network("fd00:ec2::254/128"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """What webhooks may reach though it is not public: named hosts with a port, and networks."""

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[IpNetwork, ...] = ()

    def has_host(self, host: str, port: int) -> bool:
        """Say whether exactly this host and port are allowed."""
        return (host, port) in self.hosts

    def has_address(self, address: IpAddress) -> bool:
        """Say whether an address lies in an allowed network."""
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A URL that passed, in the one form in which it is sent. `host` is a name or an address."""

    url: str
    host: str
    port: int


NOTHING_ALLOWED: Final = AllowList()


def allow_list(entries: Iterable[str]) -> AllowList:
    """Read "host:port" and CIDR entries. Raises ConfigurationError that names a wrong one."""
    hosts: set[tuple[str, int]] = set()
    networks: list[IpNetwork] = []
    for entry in entries:
        match = _ENTRY.fullmatch(entry.strip())
        if match:
            hosts.add((_entry_host(match["host"], entry), _entry_port(match["port"], entry)))
        else:
            networks.append(_entry_network(entry))
    return AllowList(hosts=frozenset(hosts), networks=tuple(networks))


# Pure, so a remembered answer is as good as a new one; at each attempt it would cost as much as
# the POST.
@lru_cache(maxsize=1_024)
def check_url(url: str, allowed: AllowList = NOTHING_ALLOWED) -> Destination:
    """Return where a URL leads. Raises ForbiddenAddressError when it may not be called.

    A name passes here; the addresses that it resolves to are for `check_address`, at each
    connection. Plain http and other ports than 443 and 8443 need a host and port (or a numeric
    address in a network) that is allowed by name.
    """
    parts = _split(url)
    host = _host_of(parts)
    port = _port_of(parts)
    address = _as_address(host)
    if address is not None:
        check_address(address, host=host, port=port, allowed=allowed)
    is_listed = allowed.has_host(host, port) or _is_in_network(address, allowed)
    if not is_listed and parts.scheme != "https":
        raise ForbiddenAddressError("only https is allowed")
    if not is_listed and port not in PUBLIC_PORTS:
        raise ForbiddenAddressError(f"port {port} is not allowed; use 443 or 8443")
    return Destination(url=_rebuilt(parts, host, port), host=host, port=port)


def check_address(
    address: IpAddress, *, host: str, port: int, allowed: AllowList = NOTHING_ALLOWED
) -> None:
    """Raise ForbiddenAddressError unless an address that `host` resolved to may be reached.

    Every address inside (NAT64, 6to4, Teredo, IPv4-mapped) must pass as well.
    """
    for inner in _innermost(address):
        if any(inner in network for network in _NEVER_ALLOWED):
            raise ForbiddenAddressError(f"{host} leads to {address}, which is never allowed")
        if allowed.has_host(host, port) or allowed.has_address(inner):
            continue
        if not _is_public(inner):
            raise ForbiddenAddressError(f"{host} leads to {address}, which is not public")


def _is_in_network(address: IpAddress | None, allowed: AllowList) -> bool:
    return address is not None and all(map(allowed.has_address, _innermost(address)))


def _innermost(address: IpAddress) -> tuple[IpAddress, ...]:
    """Return the addresses that a packet would really reach: what is wrapped, or itself."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return (address,)


def _is_public(address: IpAddress) -> bool:
    if any(address in network for network in _NEVER_GLOBAL):
        return False
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_CHARS:
        raise ForbiddenAddressError(f"a webhook address has at most {MAX_URL_CHARS} characters")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ForbiddenAddressError("not a URL") from error
    # urlsplit drops tabs and line ends and knows no backslash; other readers of URLs differ.
    if not _PRINTABLE.fullmatch(url.replace(parts.netloc, "", 1)) or not parts.netloc:
        raise ForbiddenAddressError("not an absolute URL of printable characters")
    if parts.scheme not in _DEFAULT_PORTS:
        raise ForbiddenAddressError("only https is allowed")
    if "@" in parts.netloc:
        raise ForbiddenAddressError("a webhook address has no user or password in it")
    if parts.fragment or url.endswith("#"):
        raise ForbiddenAddressError("a webhook address has no fragment")
    return parts


def _host_of(parts: SplitResult) -> str:
    given = parts.hostname or ""
    if "[" in parts.netloc or "]" in parts.netloc:
        return _bracketed(parts.netloc, given)
    host = _ascii(given)
    if len(host) > MAX_HOST_CHARS or not _NAME.fullmatch(host):
        raise ForbiddenAddressError("not a host name")
    if _NUMERIC.fullmatch(host) and _as_address(host) is None:
        raise ForbiddenAddressError("a numeric address is written as four decimal numbers")
    return host


def _bracketed(netloc: str, given: str) -> str:
    if not _BRACKETED.fullmatch(netloc):
        raise ForbiddenAddressError("not an IPv6 address, or one with a zone")
    try:
        return str(IPv6Address(given))
    except ValueError as error:
        raise ForbiddenAddressError("not an IPv6 address") from error


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode().lower()
    except idna.IDNAError as error:
        raise ForbiddenAddressError("not a host name") from error


def _port_of(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise ForbiddenAddressError("not a port") from error
    return _DEFAULT_PORTS[parts.scheme] if port is None else port


def _as_address(host: str) -> IpAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _rebuilt(parts: SplitResult, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{shown}{suffix}{parts.path or '/'}{query}"


def _entry_host(given: str, entry: str) -> str:
    try:
        return _host_of(urlsplit(f"https://{given}"))
    except ForbiddenAddressError as error:
        raise _wrong_entry(entry) from error


def _entry_port(given: str, entry: str) -> int:
    port = int(given)
    if not 0 < port <= _MAX_PORT:
        raise _wrong_entry(entry)
    return port


def _entry_network(entry: str) -> IpNetwork:
    try:
        return ip_network(entry.strip())
    except ValueError as error:
        raise _wrong_entry(entry) from error


def _wrong_entry(entry: str) -> ConfigurationError:
    return ConfigurationError(
        f"{entry!r} is no allowed webhook address: write host:port or a network such as 10.0.0.0/8"
    )
