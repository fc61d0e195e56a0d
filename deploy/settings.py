"""All settings, in one place: the only module that reads the environment.

Every field has a unit in its name or description, a bound, and a default that is safe to run
with. A secret has no default: the key file is made at the first start, with mode 0600. Each field
is set by `TOCSIN_<NAME>`, for example `TOCSIN_PORT=9000`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1 << 20
_POSTGRESQL = ("postgresql://", "postgresql+psycopg://")
Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """What an installation can set. Read once at start, then handed on in small frozen parts."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path("tocsin-data"), description="where everything is kept")
    node: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{2,31}$")] = Field(
        default="node-1", description="name of this ingest node; part of every receipt"
    )
    key_file: Path | None = Field(
        default=None,
        description="the key that seals webhook secrets, if several machines share one; unset: "
        "secret.key in the data folder, made at the first start",
    )
    host: str = Field(default="127.0.0.1", description="address that the door listens on")
    port: Port = Field(default=8080, description="port of the door (ingest, api and map)")
    desk_port: Port | None = Field(
        default=None, description="port of the desk's health and metrics; the door's + 1 if unset"
    )
    public_url: str | None = Field(
        default=None, description="how people reach the door; links in webhooks begin with it"
    )

    batch_max_records: int = Field(default=8_000, ge=1, le=10_000)
    batch_max_bytes: int = Field(default=16 * MIB, ge=MIB // 16, le=64 * MIB)
    spool_max_bytes: int = Field(default=10 * 1024 * MIB, ge=MIB, le=1 << 50)
    wal_max_bytes: int = Field(default=64 * MIB, ge=MIB, le=1 << 40)
    body_max_bytes: int = Field(default=MIB, ge=1_024, le=16 * MIB)
    batch_body_max_bytes: int = Field(default=8 * MIB, ge=1_024, le=64 * MIB)
    batch_max_reports: int = Field(default=1_000, ge=1, le=10_000)

    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://USER:PASSWORD@HOST/NAME; unset: a SQLite file in the data folder",
    )

    kafka_bootstrap: Annotated[str, Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")] | None = Field(
        default=None,
        description="host:port of brokers, comma-separated; unset: the desk reads the spool itself",
    )
    kafka_security: Annotated[str, Field(pattern=r"^(PLAINTEXT|SSL|SASL_SSL)$")] = Field(
        default="PLAINTEXT",
        description="SASL_SSL: user and password (SCRAM-SHA-512) over TLS; SSL: a certificate",
    )
    kafka_user: str | None = Field(default=None, description="with SASL_SSL")
    kafka_password: SecretStr | None = Field(default=None, description="with SASL_SSL")
    kafka_ca: Path | None = Field(
        default=None, description="PEM of who signed the brokers' certificates; unset: the system's"
    )
    kafka_certificate: Path | None = Field(default=None, description="with SSL: our own, PEM")
    kafka_key: Path | None = Field(default=None, description="with SSL: its private key, PEM")
    kafka_instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = Field(
        default=None, description="name of this worker that stays the same when it starts again"
    )
    kafka_session_s: int = Field(
        default=30, ge=6, le=300, description="a worker that is silent for so long has died"
    )

    kafka_gap: Annotated[str, Field(pattern=r"^(stop|skip)$")] = Field(
        default="stop",
        description="what to do when the topic lost records that were not read: alarm and stop the "
        "partition, or alarm and go on without them",
    )

    session_hours: float = Field(default=12.0, gt=0, le=24 * 7)
    webhook_allow: tuple[str, ...] = Field(
        default=(),
        description="host:port or CIDR that webhooks may reach though not public; empty: none",
    )
    webhook_timeout_s: float = Field(default=10.0, gt=0, le=60)
    stop_seconds: float = Field(default=10.0, gt=0, le=120, description="grace at SIGTERM")
    farewell_s: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="after SIGTERM the door is not ready and still answers for so long; part of "
        "stop_seconds, and longer than the balancer's interval",
    )
    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"
    log_json: bool = Field(default=False, description="one JSON object a line, for collectors")

    supervised: bool = Field(
        default=False, description="set for child processes: stop when standard input ends"
    )
    crash_at: str | None = Field(
        default=None,
        description="tests only: NAME:COUNT kills the process the COUNTth time it passes NAME",
    )

    @model_validator(mode="after")
    def has_what_its_security_needs(self) -> Self:
        """Refuse to begin without what the brokers will ask for."""
        needed: dict[str, tuple[str, ...]] = {
            "SASL_SSL": ("kafka_user", "kafka_password"),
            "SSL": ("kafka_certificate", "kafka_key"),
        }
        for name in needed.get(self.kafka_security, ()):
            if getattr(self, name) is None:
                raise ValueError(
                    f"TOCSIN_{name.upper()} is not set, and {self.kafka_security} needs it"
                )
        return self

    @model_validator(mode="after")
    def leaves_in_time(self) -> Self:
        """Refuse a farewell that leaves no time to finish."""
        if self.farewell_s > self.stop_seconds / 2:
            raise ValueError("TOCSIN_FAREWELL_S is more than half of TOCSIN_STOP_SECONDS")
        return self

    @field_validator("database_url")
    @classmethod
    def is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse the address of another database, without repeating it: it has a password."""
        if value is not None and not value.get_secret_value().startswith(_POSTGRESQL):
            raise ValueError("begins with postgresql://")
        return value

    def as_environment(self) -> dict[str, str]:
        """Return this process's environment with these settings in it, for a child process."""
        own = {
            f"TOCSIN_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.model_dump(mode="json", exclude_defaults=True).items()
        }
        for name in ("database_url", "kafka_password"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None:
                own[f"TOCSIN_{name.upper()}"] = secret.get_secret_value()
        own["TOCSIN_SUPERVISED"] = "true"
        own["TOCSIN_DATA_DIR"] = str(self.data_dir.resolve())
        return {**os.environ, **own}

    @property
    def database_path(self) -> Path:
        """The database of conclusions."""
        return self.data_dir / "tocsin.db"

    @property
    def spool_path(self) -> Path:
        """The database of the spool, in a file of its own."""
        return self.data_dir / "spool.db"

    @property
    def wake_path(self) -> Path:
        """The unix socket on which the desk hears that the spool has something new."""
        return self.data_dir / "desk.wake"

    @property
    def forward_path(self) -> Path:
        """How far the spool was sent on to Kafka."""
        return self.data_dir / "forward.db"

    @property
    def door_copy_path(self) -> Path:
        """What the door needs of the database when it starts without it."""
        return self.data_dir / "door-copy.json"

    @property
    def notify_path(self) -> Path:
        """The unix socket on which the desk hears that a person changed an alert."""
        return self.data_dir / "notify.wake"

    @property
    def clock_path(self) -> Path:
        """The stepped mission clock of a demo."""
        return self.data_dir / "mission.clock"

    @property
    def key_path(self) -> Path:
        """The key that seals webhook secrets at rest."""
        return self.key_file or self.data_dir / "secret.key"

    @property
    def url(self) -> str:
        """How people reach the door, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def health_port(self) -> int:
        """The port of the desk's health and metrics."""
        return self.desk_port or self.port + 1
