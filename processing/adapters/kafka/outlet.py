"""Telling Kafka of conclusions (`processing.watch.relay.Outlet`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import (
    InvalidRecordError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)

from schemas.errors import StorageError
from schemas.topics import Event

log = structlog.get_logger(__name__)

# The broker's word about one record: it would say so again. The publisher of ingest, which may not
# be imported here, also has InvalidTimestampError; what is told here carries no time of its own.
_REFUSALS = (
    InvalidRecordError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)
_CLOSE_WITHIN_S = 2.0


class KafkaOutlet:
    """A producer, replaced after each failure: one that failed may never send again."""

    def __init__(self, make: Callable[[], KafkaProducer], *, within_s: float = 35.0) -> None:
        """Keep what is given. `within_s` is longer than the client itself tries."""
        self._make = make
        self._within_s = within_s
        self._producer: KafkaProducer | None = None

    def send(self, events: Sequence[Event]) -> int:
        """Send and wait until all are acknowledged; return how many the broker will never have."""
        try:
            producer = self._producer = self._producer or self._make()
            begun = [_begin(producer, one) for one in events]
            return sum(
                self._is_refused(one, sending) for one, sending in zip(events, begun, strict=True)
            )
        except KafkaError as error:
            self.close()
            raise StorageError(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Let go of the producer; one that hangs in its own close is left behind."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        closing = threading.Thread(target=_close, args=(producer,), name="kafka-close", daemon=True)
        closing.start()
        closing.join(2 * _CLOSE_WITHIN_S)

    def _is_refused(self, one: Event, sending: Any) -> bool:  # noqa: ANN401 - kafka-python has no types
        try:
            if isinstance(sending, KafkaError):
                raise sending
            sending.get(timeout=self._within_s)
        except _REFUSALS as error:
            log.warning("Kafka will not have an event", key=one.key.decode(), reason=str(error))
            return True
        return False


def _begin(producer: KafkaProducer, one: Event) -> Any:  # noqa: ANN401 - kafka-python has no types
    try:
        return producer.send(one.topic, value=one.value, key=one.key, headers=one.headers)
    except _REFUSALS as error:
        return error


def _close(producer: KafkaProducer) -> None:
    try:
        producer.close(timeout=_CLOSE_WITHIN_S)
    except (KafkaError, OSError) as error:
        log.warning("producer not closed in order", reason=str(error))
