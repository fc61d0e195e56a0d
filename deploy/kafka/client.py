"""Kafka's clients as Tocsin needs them; each setting that differs from the default has a reason."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient
from typing_extensions import override

from deploy.settings import Settings
from schemas.errors import ConfigurationError, StorageError
from schemas.topics import MAX_RECORD_BYTES

GROUP = "tocsin-processing"

# A client that waits longer than this for a broker is asked again by whoever made it.
_BOOTSTRAP_MS = 5_000
_REQUEST_MS = 10_000
# Shorter than the forwarder's own patience, so that the client speaks first.
_DELIVERY_MS = 30_000
_POLL_MS = 60_000
_METADATA_MS = 60_000
# The default is 30 s: so long a client would stay silent after an outage.
_RECONNECT_MS = 1_000


# What a client says in its log, and what that means.
_ADVICE = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the broker's certificate is not signed by TOCSIN_KAFKA_CA, or is for another host",
    ),
    ("SaslAuthenticationFailed", "TOCSIN_KAFKA_USER or TOCSIN_KAFKA_PASSWORD is wrong"),
    ("ALERT_CERTIFICATE", "the broker does not accept TOCSIN_KAFKA_CERTIFICATE"),
    ("UNEXPECTED_EOF_WHILE_READING", "this port does not speak TLS: see TOCSIN_KAFKA_SECURITY"),
    ("WRONG_VERSION_NUMBER", "this port does not speak TLS: see TOCSIN_KAFKA_SECURITY"),
)
# The client does not always learn the reason: by TLS 1.3 not that of a certificate, and that of a
# password only if it reads faster than the broker closes.
_HUNG_UP = "socket disconnected"
_PERHAPS = {
    "PLAINTEXT": "the broker hangs up at once: it may want another TOCSIN_KAFKA_SECURITY",
    "SSL": "the broker hangs up at once: it may not accept TOCSIN_KAFKA_CERTIFICATE",
    "SASL_SSL": "the broker hangs up: TOCSIN_KAFKA_USER or TOCSIN_KAFKA_PASSWORD may be wrong",
}


def producer(settings: Settings) -> KafkaProducer:
    """Return a producer of records that are not lost. Raises KafkaError when no broker answers."""
    return _made(
        KafkaProducer,
        **_common(settings),
        acks="all",
        # With it, one long outage or one refused record ends this producer for good; who reads
        # drops duplicates anyway.
        enable_idempotence=False,
        # With more, records would change places when one is sent again.
        max_in_flight_requests_per_connection=1,
        linger_ms=2,
        batch_size=256 * 1024,
        max_request_size=MAX_RECORD_BYTES,
        delivery_timeout_ms=_DELIVERY_MS,
        max_block_ms=_REQUEST_MS,
        retry_backoff_ms=100,
    )


def consumer(settings: Settings, *, group: str | None = GROUP) -> KafkaConsumer:
    """Return a consumer without topics, whose positions are ours to keep.

    Members of one group share the partitions; without one it has those that it is assigned. Raises
    KafkaError when no broker answers.
    """
    return _made(
        KafkaConsumer,
        **_common(settings),
        group_id=group,
        # A worker that comes back within the session keeps its partitions, and nobody else moves.
        group_instance_id=settings.kafka_instance if group else None,
        session_timeout_ms=settings.kafka_session_s * 1_000,
        heartbeat_interval_ms=settings.kafka_session_s * 1_000 // 5,
        # Whoever is silent for so long is left out of a rebalance, for which the others wait. It is
        # many times what lies between two polls.
        max_poll_interval_ms=_POLL_MS,
        partition_assignment_strategy=[CooperativeStickyAssignor],
        # Where to go on is kept in the database, with what was stored; a position that the broker
        # does not have is an alarm, and never a jump.
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=200,
        max_partition_fetch_bytes=2 * MAX_RECORD_BYTES,
        check_crcs=True,
    )


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Open a client for topics. Raises StorageError when no broker answers."""
    try:
        client = _made(KafkaAdminClient, **_common(settings))
    except KafkaError as error:
        raise StorageError(f"no Kafka answers at {settings.kafka_bootstrap}: {error}") from error
    try:
        yield client
    finally:
        client.close()


def _made(kind: Callable[..., Any], **values: Any) -> Any:  # noqa: ANN401 - kafka-python has no types
    """Return a client, and leave nothing of one that finds no broker.

    By itself it leaves its sockets open, in cycles: in a process that rarely looks for these, an
    outage of minutes would use up all that it may open.
    """
    inner: list[KafkaNetClient] = []

    def kept(**options: object) -> KafkaNetClient:
        inner.append(KafkaNetClient(**options))
        return inner[-1]

    said = _Said(values.get("security_protocol", "PLAINTEXT"))
    try:
        with said:
            return kind(kafka_client=kept, **values)
    except KafkaError as error:
        for one in inner:
            one.close()
        failed = said.explained(error)
    # Now that nothing of the attempt is on the stack.
    inner.clear()
    gc.collect()
    raise failed


class _Said(logging.Handler):
    """What a client says in its log of why a broker does not have it: its error is a time-out."""

    def __init__(self, security: str) -> None:
        super().__init__(logging.ERROR)
        self._advice = (*_ADVICE, (_HUNG_UP, _PERHAPS[security]))
        self._messages: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._messages.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger("kafka.net").addHandler(self)
        return self

    def __exit__(self, *_args: object) -> None:
        logging.getLogger("kafka.net").removeHandler(self)

    def explained(self, error: KafkaError) -> KafkaError:
        """Return an error of the same kind with the reason, and what to do about it."""
        for sign, advice in self._advice:
            if any(sign in message for message in self._messages):
                return type(error)(f"{error}: {advice}")
        return error.with_traceback(None)


def _common(settings: Settings) -> dict[str, Any]:
    if settings.kafka_bootstrap is None:
        raise ConfigurationError("TOCSIN_KAFKA_BOOTSTRAP is not set: host:port of a broker")
    return {
        **_security(settings),
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "client_id": f"tocsin-{settings.node}",
        "bootstrap_timeout_ms": _BOOTSTRAP_MS,
        "request_timeout_ms": _REQUEST_MS,
        "reconnect_backoff_max_ms": _RECONNECT_MS,
        # So soon new partitions are seen.
        "metadata_max_age_ms": _METADATA_MS,
    }


def _security(settings: Settings) -> dict[str, Any]:
    if settings.kafka_security == "PLAINTEXT":
        return {}
    values: dict[str, Any] = {
        "security_protocol": settings.kafka_security,
        "ssl_cafile": None if settings.kafka_ca is None else str(settings.kafka_ca),
    }
    if settings.kafka_security == "SSL":
        return values | {
            "ssl_certfile": str(settings.kafka_certificate),
            "ssl_keyfile": str(settings.kafka_key),
        }
    password = settings.kafka_password
    return values | {
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": None if password is None else password.get_secret_value(),
    }
