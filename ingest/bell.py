"""The bell between the spool's writer and its reader: one datagram on a Unix socket."""

from __future__ import annotations

import select
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)

# How often to look when the system gives no bell (a path that is too long, a full disk).
POLL_S = 0.02


def ring(path: Path) -> None:
    """Tell whoever listens at a path. Nobody there, or a full queue, is no error."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.sendto(b"\x01", str(path))
    except OSError:
        # The listener looks again by itself when its time is over.
        return


def pause(timeout_s: float) -> bool:
    """Wait a moment instead of for the bell, and say that there may be something new."""
    time.sleep(min(timeout_s, POLL_S))
    return True


class Bell:
    """The listening end. Entering binds the path; leaving removes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # One that a killed process left behind would refuse us the address.
            self._path.unlink(missing_ok=True)
            listener.bind(str(self._path))
        except OSError as error:
            listener.close()
            log.warning("no bell, polling instead", path=str(self._path), reason=str(error))
            return self
        listener.settimeout(0)
        self._socket = listener
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            self._socket.close()
            self._path.unlink(missing_ok=True)
            self._socket = None

    def wait(self, timeout_s: float) -> bool:
        """Block until it rang since the last call (True) or the time is over (False)."""
        if self._socket is None:
            return pause(timeout_s)
        ready, _, _ = select.select([self._socket], [], [], timeout_s)
        if not ready:
            return False
        self._silence(self._socket)
        return True

    @staticmethod
    def _silence(listener: socket.socket) -> None:
        """Take every waiting datagram, so that one look at the log answers them all."""
        try:
            while True:
                listener.recv(16)
        except BlockingIOError:
            return
