"""The tests' own receiver, outside the system: a ledger that is on disk before the answer is sent.

It verifies with the PyPI package `standardwebhooks`, and answers as it is told.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from typing_extensions import override

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests' receiver!").decode()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How to answer one request. `reset` cuts the connection off in the middle of the answer."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_s: float = 0.0
    reset: bool = False


OK = Reply()
Behaviour = Callable[[str, int], Reply]
"""From the path and how many requests it had before to the reply."""


def always(reply: Reply) -> Behaviour:
    return lambda _path, _before: reply


def first(count: int, reply: Reply, *, then: Reply = OK) -> Behaviour:
    return lambda _path, before: reply if before < count else then


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One line of the ledger: a request as it came, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    at: float
    verified: bool

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


class Receiver:
    """Rings are written to `ledger`, one JSON object a line, fsynced before they are answered."""

    def __init__(self, ledger: Path, behaviour: Behaviour, secret: str) -> None:
        self.port = 0
        self.connections = 0
        self.behaviour = behaviour
        self._ledger = ledger
        self._webhook = Webhook(secret)
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._rung = threading.Condition(self._lock)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def rings(self) -> list[Rung]:
        """Return every request so far, in the order in which they came."""
        if not self._ledger.exists():
            return []
        return [_rung(line) for line in self._ledger.read_text().splitlines()]

    def wait_for(
        self, is_enough: Callable[[list[Rung]], bool], timeout_s: float = 10.0
    ) -> list[Rung]:
        """Block until the ledger satisfies a condition; fail when it doesn't in time."""
        deadline = time.monotonic() + timeout_s
        with self._rung:
            while not is_enough(rings := self.rings()):
                left = deadline - time.monotonic()
                assert left > 0, f"only {[(rung.path, rung.status) for rung in rings]}"
                self._rung.wait(left)
        return rings

    def take(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        with self._rung:
            before = self._counts.get(path, 0)
            self._counts[path] = before + 1
            reply = self.behaviour(path, before)
            self._write(path, headers, body, reply)
            self._rung.notify_all()
        return reply

    def _write(self, path: str, headers: dict[str, str], body: bytes, reply: Reply) -> None:
        line = {
            "path": path,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
            "status": reply.status,
            "at": time.monotonic(),
            "verified": self._verifies(headers, body),
        }
        with self._ledger.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _verifies(self, headers: dict[str, str], body: bytes) -> bool:
        try:
            self._webhook.verify(body, headers)
        except WebhookVerificationError:
            return False
        return True


@contextmanager
def receiving(
    ledger: Path, behaviour: Behaviour | None = None, *, secret: str = SECRET, port: int = 0
) -> Iterator[Receiver]:
    """Listen on a loopback port of its own while entered."""
    receiver = Receiver(ledger, behaviour or always(OK), secret)
    with _Server(("127.0.0.1", port), partial(_Handler, receiver)) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, receiver: Receiver, *args: object) -> None:
        self._receiver = receiver
        receiver.connections += 1
        super().__init__(*args)  # type: ignore[arg-type]  # what socketserver hands on

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self._receiver.take(self.path, headers, body)
        if reply.after_s:
            time.sleep(reply.after_s)
        if reply.reset:
            self._reset(reply)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass

    def _reset(self, reply: Reply) -> None:
        self.wfile.write(b"HTTP/1.1 %d OK\r\nContent-Length: 1000\r\n\r\nhalf" % reply.status)
        self.wfile.flush()
        # Lingering for 0 s makes closing send a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


def _rung(line: str) -> Rung:
    fields = json.loads(line)
    return Rung(**{**fields, "body": base64.b64decode(fields["body"])})
