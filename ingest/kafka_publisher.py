"""Sending reports with kafka-python: the `Publisher` of the distributed form."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import (
    InvalidRecordError,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)

from ingest.publisher import Sending, key_of
from schemas.errors import StorageError
from schemas.log import Record
from schemas.topics import REPORTS, partition_of, report_headers

log = structlog.get_logger(__name__)

# The broker's word about one record; about everything else another try may help.
_REFUSALS = (
    InvalidRecordError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)
_CLOSE_WITHIN_S = 2.0


class KafkaPublisher:
    """One producer. It is never reused after a failure: see `Forwarder`."""

    def __init__(self, producer: KafkaProducer, *, partitions: int) -> None:
        self._producer = producer
        self._partitions = partitions

    def send(self, record: Record) -> Sending:
        """Begin to send a record. Raises StorageError when that is not possible now."""
        key = key_of(record.value)
        try:
            future = self._producer.send(
                REPORTS.name,
                value=record.value,
                key=key,
                headers=report_headers(record.partition, record.position),
                partition=partition_of(key, self._partitions),
            )
        except _REFUSALS as error:
            return _Refused(error)
        except KafkaError as error:
            raise StorageError(f"{type(error).__name__}: {error}") from error
        return _OnItsWay(future)

    def is_refusal(self, error: Exception) -> bool:
        """Say whether the broker refused this one record."""
        return isinstance(error, _REFUSALS)

    def close(self) -> None:
        """Give up what is on its way; a client that hangs in its own close is left behind."""
        closing = threading.Thread(target=self._close, name="kafka-close", daemon=True)
        closing.start()
        closing.join(2 * _CLOSE_WITHIN_S)

    def _close(self) -> None:
        try:
            self._producer.close(timeout=_CLOSE_WITHIN_S)
        except (KafkaError, OSError) as error:
            log.warning("producer not closed in order", reason=str(error))


class _OnItsWay:
    """What became of one record, from its own future and nothing else."""

    __slots__ = ("_future",)

    def __init__(self, future: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        self._future = future

    @property
    def is_done(self) -> bool:
        return bool(self._future.is_done)

    @property
    def error(self) -> Exception | None:
        error: Exception | None = self._future.exception
        return error


class _Refused:
    """A record that did not even leave."""

    is_done = True

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error


def connect(make: Callable[[], KafkaProducer]) -> KafkaPublisher:
    """Return a publisher with a producer of its own.

    Raises StorageError when no broker answers or there is no topic.
    """
    try:
        producer = make()
    except KafkaError as error:
        raise StorageError(f"no connection to Kafka: {error}") from error
    try:
        partitions = producer.partitions_for(REPORTS.name)
    except KafkaError as error:
        KafkaPublisher(producer, partitions=1).close()
        raise StorageError(
            f"topic {REPORTS.name}: {error}; is it there? tocsin topics make"
        ) from error
    if not partitions:
        KafkaPublisher(producer, partitions=1).close()
        raise StorageError(f"there is no topic {REPORTS.name}: tocsin topics make")
    return KafkaPublisher(producer, partitions=len(partitions))
