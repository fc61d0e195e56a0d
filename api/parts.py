"""What the service for people is made of. `deploy` fills it in; nothing here opens anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection
from starlette.routing import BaseRoute

from schemas.access import Principal
from schemas.alert import Alert, AlertAction
from schemas.clock import Clock, Monotonic
from schemas.flag import Flag
from schemas.mission import Mission

# A read transaction, and a short write transaction that commits on a clean exit.
Read = Callable[[], AbstractContextManager[Connection]]
Begin = Callable[[], AbstractContextManager[Connection]]

DISCLAIMER = (
    "The boundaries and names shown and the designations used on this map do not imply official "
    "endorsement or acceptance by the United Nations."
)


class AlertDesk(Protocol):
    """Where people's answers to alerts are decided and stored."""

    def act(self, alert_id: str, action: AlertAction, *, by: Principal, now: datetime) -> Alert:
        """Take one step and return the alert as it stands then. Blocks; durable on return.

        Raises NotFoundError for an unknown alert; RefusedError when `action.seq` is stale or the
        step is not allowed from where the alert stands, with a pointer ("#/reason", "#/note")
        when the action itself lacks something.
        """


class Recomputed(Protocol):
    """A stored flag beside the same flag derived anew from reports, incidents and layers."""

    @property
    def equal(self) -> bool:
        """Whether both say the same."""

    @property
    def stored(self) -> Flag:
        """The flag as it is stored."""

    @property
    def recomputed(self) -> Flag | None:
        """The flag as it comes out now; None when the rule no longer raises it."""

    @property
    def differences(self) -> Sequence[str]:
        """Which fields differ, in words."""


class Recomputer(Protocol):
    """Derives one flag anew. Blocks."""

    def recompute(self, flag_id: str) -> Recomputed:
        """Compare a stored flag with what its rule says now. Raises NotFoundError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the service reads from its settings. Sizes in bytes, times as `timedelta`.

    `public_url` decides the cookie's flags: https makes it `Secure` with the `__Host-` prefix.
    """

    public_url: str = "http://127.0.0.1:8080"
    disclaimer: str = DISCLAIMER
    session_lifetime: timedelta = timedelta(hours=12)
    sign_ins_per_minute: int = 5
    sign_ins_per_minute_and_address: int = 30
    body_max_bytes: int = 64 * 1024
    # 64 MiB of memory each with argon2's defaults, so only a few at a time.
    password_checks_at_once: int = 2
    streams_max: int = 2_000
    # A quiet feed costs one `max(seq)` a poll.
    stream_poll: timedelta = timedelta(milliseconds=200)
    stream_queue: int = 256
    stream_send_timeout: timedelta = timedelta(seconds=10)
    # How long a list waits for a report that it is to show.
    position_patience: timedelta = timedelta(seconds=5)

    @property
    def is_https(self) -> bool:
        """Whether people reach the service over TLS."""
        return self.public_url.startswith("https://")


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """Everything that `create_app` needs.

    `mission_clock` dates what people do, `system_clock` sessions. `ready_checks` are named
    questions of /readyz that must all be answered True. `is_stopping` closes the streams, which
    would otherwise hold up a clean stop. `extra_routes` come first and guard themselves;
    `extra_openapi` are their OpenAPI paths, `extra_components` what those refer to.
    """

    read: Read
    begin: Begin
    mission: Mission
    mission_clock: Clock
    system_clock: Clock
    monotonic: Monotonic
    alert_desk: AlertDesk
    recomputer: Recomputer
    settings: ApiSettings = ApiSettings()
    web_root: Path | None = None
    passwords: PasswordHasher = field(default_factory=PasswordHasher)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    ready_checks: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    is_stopping: Callable[[], bool] = _never
    extra_routes: Sequence[BaseRoute] = ()
    extra_openapi: Mapping[str, Any] = field(default_factory=dict)
    extra_components: Mapping[str, Any] = field(default_factory=dict)
