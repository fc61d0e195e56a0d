"""Is a port free? Said in words before anything starts."""

from __future__ import annotations

import socket

from schemas.errors import ConfigurationError


def require_free(host: str, port: int, *, setting: str) -> None:
    """Raise ConfigurationError with the next step when a port can't be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} can't be used ({error.strerror}): "
                f"another program may hold it; choose another one with {setting}"
            ) from error
