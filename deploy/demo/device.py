"""A field device: sends reports over HTTP and keeps trying, as a phone on a thin link does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from schemas.errors import StorageError, TocsinError

# Answers after which the same bytes may be taken later.
_RETRY = frozenset({429, 502, 503, 504})
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0
_TIMEOUT_S = 15.0


class RefusedError(TocsinError):
    """The intake will never take this report; the problem says why."""


@dataclass(slots=True)
class Device:
    """One connection to an intake. Not for several threads at once.

    `sleep` is called between tries; `give_up` ends trying (at Ctrl-C).
    """

    url: str
    sleep: Callable[[float], None]
    give_up: Callable[[], bool] = lambda: False
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def send(self, body: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """Send one report until it is taken; return the receipt.

        Raises RefusedError for a final answer, StorageError when told to give up.
        """
        payload = json.dumps(body).encode()
        wait_s = _FIRST_WAIT_S
        while not self.give_up():
            status, answer = self._try(payload, key)
            if status in {200, 202}:
                receipt: dict[str, Any] = json.loads(answer)
                return receipt
            if status is not None and status not in _RETRY:
                raise RefusedError(f"HTTP {status}: {answer.decode(errors='replace')[:400]}")
            self.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
        raise StorageError("told to give up before the intake took the report")

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try(self, payload: bytes, key: str) -> tuple[int | None, bytes]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            connection = self._connected()
            connection.request("POST", "/v1/reports", body=payload, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None, b""

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host = urlsplit(self.url)
            kind = (
                http.client.HTTPSConnection
                if host.scheme == "https"
                else http.client.HTTPConnection
            )
            self._connection = kind(host.hostname or "", host.port, timeout=_TIMEOUT_S)
        return self._connection
