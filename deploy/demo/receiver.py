"""A commander's receiver, small enough to read: it verifies what rings and says so.

It shares no code with the sender. Whoever writes a receiver of their own needs no more than
`verify`, the list of ids that were seen, and an answer of 2xx within ten seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from typing_extensions import override

# How far a sender's clock and ours may differ; it bounds how long a stolen message can be replayed.
TOLERANCE_S: Final = 300
MAX_BODY_BYTES: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message, by whoever sent it. `summary` is a line for people."""

    verified: bool
    summary: str


@dataclass(slots=True)
class Receiver:
    """Listens on loopback while it is entered, and tells `on_webhook` of each new message.

    `on_webhook` is called on the server's threads, before the sender gets its answer; a repeated
    message is answered and not told again.
    """

    secret: str = field(repr=False)
    port: int
    on_webhook: Callable[[Received], None]
    now: Callable[[], float] = time.time
    _seen: set[str] = field(default_factory=set, init=False)
    _server: ThreadingHTTPServer | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        """Listen. Raises OSError when the port is in use."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), partial(_Handler, self))
        self._server = server
        serve = partial(server.serve_forever, poll_interval=0.2)
        threading.Thread(target=serve, name="receiver", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def take(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Verify a message, tell of it once, and return the answer to its sender."""
        if not verify(self.secret, headers, body, now_s=self.now()):
            self.on_webhook(Received(verified=False, summary="a message with a wrong signature"))
            return HTTPStatus.UNAUTHORIZED
        message_id = headers["webhook-id"]
        if message_id not in self._seen:
            self._seen.add(message_id)
            self.on_webhook(Received(verified=True, summary=summary_of(body)))
        return HTTPStatus.NO_CONTENT


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float) -> bool:
    """Say whether a message is from who holds the secret, and fresh (Standard Webhooks v1)."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or not timestamp.isdecimal():
        return False
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    signatures = headers.get("webhook-signature", "").split()
    return any(
        hmac.compare_digest(expected, signature.removeprefix("v1,").encode())
        for signature in signatures
        if signature.startswith("v1,")
    )


def summary_of(body: bytes) -> str:
    """Return a line for people of a verified message."""
    try:
        message = json.loads(body)
        data = message["data"]
        kinds = ", ".join(data["kinds"])
        marks = " (illustrative)" if data["illustrative"] else ""
        return (
            f"{message['type']}  {data['number']}  priority {data['priority']}"
            f" {data['band']}  {kinds}{marks}"
        )
    except (ValueError, KeyError, TypeError):
        return "a message of a kind that this receiver does not know"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, receiver: Receiver, *args: object) -> None:
        self._receiver = receiver
        super().__init__(*args)  # type: ignore[arg-type]  # what socketserver hands on

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self._receiver.take(headers, body))

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal for the lines of `on_webhook`."""

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            self.close_connection = True  # its body was not read
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        self.end_headers()
