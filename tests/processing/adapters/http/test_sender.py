import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from processing.adapters.http import sender as sender_module
from processing.adapters.http.resolver import CheckedResolver
from processing.adapters.http.sender import (
    READ_CAP_BYTES,
    SendLimits,
    open_sender,
    reason_of,
    retry_after_s,
)
from processing.notify.addresses import allow_list
from processing.notify.verdict import Answer
from schemas.errors import ForbiddenAddressError

NOW = datetime(2026, 3, 14, 5, 42, tzinfo=UTC)
LOOPBACK = SendLimits(total_s=1.0, allowed=allow_list(["127.0.0.0/8"]))

Info = tuple[int, int, int, str, tuple[Any, ...]]


def to(*addresses: str) -> "FakeNames":
    return FakeNames(addresses)


class FakeNames:
    """A name server that answers every name with the same addresses, and remembers the names."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, _family: socket.AddressFamily) -> list[Info]:
        self.asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in self.addresses
        ]


@asynccontextmanager
async def serving(
    handler: Any,  # noqa: ANN401 - aiohttp's handler
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    application = web.Application()
    application.router.add_post("/hook", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def post(port: int, *, scheme: str = "http", host: str = "127.0.0.1", **kw: Any) -> Answer:  # noqa: ANN401
    limits = kw.pop("limits", LOOPBACK)
    async with open_sender(limits, **kw) as sender:
        return await sender.post(f"{scheme}://{host}:{port}/hook", b"{}", {"webhook-id": "m"})


class TestPost:
    async def test_returns_the_status(self) -> None:
        async def accept(_request: web.Request) -> web.Response:
            return web.Response(status=204)

        async with serving(accept) as port:
            assert await post(port) == Answer(status=204)

    async def test_follows_no_redirect(self) -> None:
        calls = []

        async def redirect(request: web.Request) -> web.Response:
            calls.append(request.path)
            return web.Response(status=307, headers={"Location": "/hook"})

        async with serving(redirect) as port:
            assert await post(port) == Answer(status=307)
        assert calls == ["/hook"]

    async def test_passes_by_the_environments_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def accept(_request: web.Request) -> web.Response:
            return web.Response(status=204)

        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        async with serving(accept) as port:
            assert await post(port) == Answer(status=204)

    async def test_hangs_up_on_a_long_answer(self) -> None:
        sent = 0

        async def talk(request: web.Request) -> web.StreamResponse:
            nonlocal sent
            response = web.StreamResponse()
            await response.prepare(request)
            while sent < 100 * READ_CAP_BYTES:
                await response.write(b"x" * 16_384)
                sent += 16_384
            return response

        async with serving(talk) as port:
            assert await post(port) == Answer(status=200)
        assert sent < 100 * READ_CAP_BYTES

    async def test_keeps_no_cookie(self) -> None:
        cookies = []

        async def give(request: web.Request) -> web.Response:
            cookies.append(request.headers.get("Cookie"))
            return web.Response(status=204, headers={"Set-Cookie": "a=b"})

        async with serving(give) as port, open_sender(LOOPBACK) as sender:
            for _ in range(2):
                await sender.post(f"http://127.0.0.1:{port}/hook", b"{}", {})
        assert cookies == [None, None]

    async def test_gives_up_when_the_time_is_over(self) -> None:
        async def sleep(_request: web.Request) -> web.Response:
            await asyncio.sleep(1)
            return web.Response()

        limits = SendLimits(total_s=0.2, allowed=LOOPBACK.allowed)
        async with serving(sleep) as port:
            assert await post(port, limits=limits) == Answer(error="no answer in time")

    async def test_says_that_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert await post(port) == Answer(error="connection refused")

    async def test_says_that_it_was_cut_off(self) -> None:
        async def cut(request: web.Request) -> web.Response:
            assert request.transport
            request.transport.abort()
            return web.Response()

        async with serving(cut) as port:
            answer = await post(port)
        assert answer.error in {"connection closed without an answer", "connection lost"}

    async def test_says_that_it_is_no_http(self) -> None:
        async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
            answer = await post(server.sockets[0].getsockname()[1])
        assert answer == Answer(error="not an HTTP answer")

    async def test_returns_what_the_receiver_asks_for(self) -> None:
        async def busy(_request: web.Request) -> web.Response:
            return web.Response(status=429, headers={"Retry-After": "120"})

        async with serving(busy) as port:
            assert await post(port) == Answer(status=429, retry_after_s=120.0)


class TestAddresses:
    @pytest.mark.parametrize(
        "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["64:ff9b::7f00:1"], ["::1"]]
    )
    async def test_a_name_that_leads_to_a_forbidden_address_is_never_connected_to(
        self, addresses: list[str]
    ) -> None:
        answer = await post(
            443, scheme="https", host="a.example", limits=SendLimits(), lookup=to(*addresses)
        )
        assert answer.status is None
        assert answer.error is not None
        assert answer.error.startswith("forbidden address: a.example leads to")

    async def test_a_name_is_asked_for_once_and_connected_to_as_checked(self) -> None:
        async def accept(request: web.Request) -> web.Response:
            return web.Response(status=204 if request.host == f"hooks.example:{port}" else 400)

        names = to("127.0.0.1")
        async with serving(accept) as port:
            allowed = allow_list([f"hooks.example:{port}"])
            answer = await post(
                port, host="hooks.example", limits=SendLimits(allowed=allowed), lookup=names
            )
        assert answer == Answer(status=204)
        assert names.asked == ["hooks.example"]

    async def test_a_name_is_asked_for_anew_at_the_next_connection(self) -> None:
        async def accept(_request: web.Request) -> web.Response:
            return web.Response(status=204, headers={"Connection": "close"})

        names = to("127.0.0.1")
        async with serving(accept) as port:
            url = f"http://hooks.example:{port}/hook"
            limits = SendLimits(allowed=allow_list([f"hooks.example:{port}"]))
            async with open_sender(limits, lookup=names) as sender:
                assert (await sender.post(url, b"{}", {})).status == 204
                names.addresses = ["169.254.169.254"]
                assert "never allowed" in ((await sender.post(url, b"{}", {})).error or "")

    async def test_a_name_without_an_address_is_said(self) -> None:
        def unknown(_host: str, _port: int, _family: socket.AddressFamily) -> list[Info]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        answer = await post(443, scheme="https", host="a.example", lookup=unknown)
        assert answer == Answer(error="name not found")

    async def test_a_resolver_hands_on_what_it_checked(self) -> None:
        resolver = CheckedResolver(allow_list(["127.0.0.0/8"]), to("127.0.0.1", "8.8.8.8"))
        found = await resolver.resolve("a.example", 443)
        assert [(ip_address(one["host"]), one["port"]) for one in found] == [
            (ip_address("127.0.0.1"), 443),
            (ip_address("8.8.8.8"), 443),
        ]


class TestTls:
    """The certificate is verified for the name, though the connection goes to an address."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("hooks.example", Answer(status=204)),
            ("other.example", Answer(error="certificate not valid for the name")),
            ("127.0.0.1", Answer(error="certificate not valid for the name")),
        ],
    )
    async def test_verifies_the_name(self, tmp_path: Path, name: str, expected: Answer) -> None:
        async def accept(_request: web.Request) -> web.Response:
            return web.Response(status=204)

        server, client = contexts(tmp_path)
        async with serving(accept, server) as port:
            limits = SendLimits(allowed=allow_list([f"{name}:{port}"]))
            answer = await post(
                port, scheme="https", host=name, limits=limits, tls=client, lookup=to("127.0.0.1")
            )
        assert answer == expected

    async def test_trusts_only_known_authorities(self, tmp_path: Path) -> None:
        async def accept(_request: web.Request) -> web.Response:
            return web.Response(status=204)

        server, _ = contexts(tmp_path)
        async with serving(accept, server) as port:
            limits = SendLimits(allowed=allow_list([f"hooks.example:{port}"]))
            answer = await post(
                port, scheme="https", host="hooks.example", limits=limits, lookup=to("127.0.0.1")
            )
        assert answer == Answer(error="certificate not valid for the name")


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("", None),
            ("0", 0.0),
            ("120", 120.0),
            ("9" * 30, 999_999_999.0),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sat, 14 Mar 2026 05:43:00 GMT", 60.0),
            ("Sat, 14 Mar 2026 05:41:00 GMT", 0.0),
            ("Sat, 99 Mar 2026 05:41:00 GMT", None),
        ],
    )
    def test_is_read_as_seconds_or_as_a_date(self, value: str, seconds: float | None) -> None:
        assert retry_after_s({"Retry-After": value}, NOW) == seconds

    def test_as_a_date_needs_the_receivers_own_time(self) -> None:
        assert retry_after_s({"Retry-After": "Sat, 14 Mar 2026 05:43:00 GMT"}, None) is None


class TestReasons:
    def test_there_are_words_for_every_error_of_the_client(self) -> None:
        kinds = [kind for kind, _ in sender_module._REASONS]
        foreign = [
            error
            for error in vars(aiohttp.client_exceptions).values()
            if isinstance(error, type) and issubclass(error, Exception)
        ]
        ours = [error for error in foreign if issubclass(error, (aiohttp.ClientError, OSError))]
        assert len(ours) > 15
        for error in ours:
            assert any(issubclass(error, kind) for kind in kinds), error

    def test_no_general_kind_hides_a_special_one(self) -> None:
        kinds = [kind for kind, _ in sender_module._REASONS]
        for place, kind in enumerate(kinds):
            assert not any(issubclass(kind, earlier) for earlier in kinds[:place]), kind

    def test_a_forbidden_address_says_which(self) -> None:
        assert reason_of(ForbiddenAddressError("x")) == "forbidden address: x"


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context for hooks.example, and a client's that trusts its issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    today = datetime.fromtimestamp(0, UTC) + timedelta(days=20_000)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today + timedelta(days=40_000))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, private)
    return server, ssl.create_default_context(cafile=str(chain))
