"""The topic of reports as a log of partitions: a consumer group whose positions are ours.

Kafka tells which partitions this process may work on; where each stands is in the database, beside
what was stored. What Kafka is told of positions is for whoever watches the lag.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError
from typing_extensions import override

from processing.adapters.kafka.partition import PartitionLog
from schemas.clock import Monotonic
from schemas.errors import StorageError
from schemas.log import Backlog, Record
from schemas.topics import REPORTS, origin_of

log = structlog.get_logger(__name__)

_CLOSE_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaLimits:
    """How much is fetched ahead of the workers, and when the client is replaced.

    `kept_bytes` is per partition. One that another process took over is not taken back within
    `lost_for_s`: the group settles meanwhile, and of two that believe they own it each could commit
    only every so often. After something was fetched, what is new since then is waited for so many
    `fresh_ms`. A client that only fails, or that brings nothing of a partition
    that has more, for `stalled_after_s` is closed and a new one made. One that was given no
    partition asks for its share after `share_after_s`, and then ever more rarely: there may be more
    workers than partitions, and each time the group stops for a moment.
    """

    kept_bytes: int = 8_000_000
    lost_for_s: float = 5.0
    max_records: int = 8_000
    fresh_ms: int = 4
    stalled_after_s: float = 30.0
    share_after_s: float = 5.0
    share_at_last_s: float = 300.0
    look_every_s: float = 5.0
    tell_every_s: float = 1.0
    pause_s: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one partition stands: the topic's end, how far it was fetched, and what is wrong."""

    end: int = 0
    fetched: int = 0
    problem: str | None = None


class KafkaLog:
    """The partitions that one consumer owns. For one thread, but for `standings`."""

    def __init__(
        self,
        make: Callable[[], KafkaConsumer],
        *,
        monotonic: Monotonic,
        pause: Callable[[float], object],
        skip_gaps: bool = False,
        limits: KafkaLimits | None = None,
    ) -> None:
        self._make = make
        self._monotonic = monotonic
        self._pause = pause
        self._skip_gaps = skip_gaps
        self._limits = limits or KafkaLimits()
        self._consumer: KafkaConsumer | None = None
        self._logs: dict[TopicPartition, PartitionLog] = {}
        self._standings: dict[TopicPartition, Standing] = {}
        self._moved_at: dict[TopicPartition, float] = {}
        self._lost_at: dict[str, float] = {}
        self._failing_since: float | None = None
        self._looked_at = self._told_at = self._owned_at = monotonic()
        self._share_after_s = self._limits.share_after_s
        self._told: Mapping[str, int] = {}
        # Until the first answer.
        self._last_error: str | None = "not connected yet"

    @property
    def standings(self) -> Mapping[str, Standing]:
        """How each owned partition stands, by name; safe to read from any thread."""
        return MappingProxyType({_name(tp): one for tp, one in self._standings.copy().items()})

    @property
    def last_error(self) -> str | None:
        """What is wrong with the connection, None if nothing is."""
        return self._last_error

    def owned(self) -> Mapping[str, Backlog]:
        """Return the partitions that are owned and can be read, by name."""
        since = self._monotonic() - self._limits.lost_for_s
        return {
            one.partition: one
            for tp, one in self._logs.items()
            if self._standings[tp].problem is None
            and self._lost_at.get(one.partition, since) <= since
        }

    def fetch(self, timeout_s: float) -> None:
        """Wait for something new, at most so long; here partitions come and go."""
        try:
            consumer = self._consumer or self._connect()
            self._hold_back(consumer)
            _finish_joining(consumer)
            fetched = consumer.poll(int(timeout_s * 1_000), self._limits.max_records)
            if fetched:
                self._take_in(fetched)
                # What the client had was asked for before the last batch. It has asked again now,
                # and what came meanwhile would else wait for the next.
                self._take_in(consumer.poll(self._limits.fresh_ms, self._limits.max_records))
            self._look(consumer)
        except OffsetOutOfRangeError as error:
            self._gap(error)
        except (KafkaError, StorageError) as error:
            self._failed(error)
        else:
            self._failing_since = self._last_error = None

    def stored(self, positions: Mapping[str, int]) -> None:
        """Tell Kafka where the partitions stand, now and then, for whoever watches the lag."""
        now = self._monotonic()
        is_due = now - self._told_at >= self._limits.tell_every_s and positions != self._told
        if self._consumer is None or not is_due:
            return
        self._told_at, self._told = now, dict(positions)
        offsets = {
            tp: OffsetAndMetadata(positions[one.partition], "", -1)
            for tp, one in self._logs.items()
            if positions.get(one.partition)
        }
        try:
            self._consumer.commit_async(offsets)
        except KafkaError as error:
            log.info("Kafka was not told of positions", reason=str(error))

    def lost(self, partition: str) -> None:
        """Leave a partition for a while to whoever has taken it over."""
        self._lost_at[partition] = self._monotonic()

    def close(self) -> None:
        """Leave the group, so that others take over at once; a client that hangs is left behind."""
        consumer, self._consumer = self._consumer, None
        self._logs.clear()
        self._standings.clear()
        if consumer is None:
            return
        closing = threading.Thread(target=_close, args=(consumer,), name="kafka-close", daemon=True)
        closing.start()
        closing.join(2 * _CLOSE_WITHIN_S)

    def _connect(self) -> KafkaConsumer:
        consumer = self._make()
        self._consumer = consumer
        # Known before it joins: as leader of the group it would else share out no partition at all,
        # and a static member is given the same again.
        if not consumer.partitions_for_topic(REPORTS.name):
            self.close()
            raise StorageError(f"there is no topic {REPORTS.name}: tocsin topics make")
        consumer.subscribe([REPORTS.name], listener=_Listener(self._assigned, self._gone))
        self._looked_at = self._owned_at = self._monotonic()
        return consumer

    def _assigned(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            # Until a worker says where: Kafka would else ask for a policy that we do not have.
            self._client().seek(tp, 0)
            self._client().pause(tp)
            self._logs[tp] = PartitionLog(_name(tp), partial(self._seek, tp))
            self._standings[tp] = Standing()
            self._moved_at[tp] = self._monotonic()

    def _gone(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            self._logs.pop(tp, None)
            self._standings.pop(tp, None)

    def _seek(self, tp: TopicPartition, position: int) -> None:
        """Fetch from a position on. Raises StorageError."""
        try:
            if position == 0:
                position = self._client().beginning_offsets([tp])[tp]
                if position:
                    log.warning("the topic begins later", partition=_name(tp), first=position)
            self._client().seek(tp, position)
            self._client().resume(tp)
        except KafkaError as error:
            raise StorageError(f"{_name(tp)} can't be read now: {error}") from error
        self._standings[tp] = Standing(fetched=position)

    def _client(self) -> KafkaConsumer:
        if self._consumer is None:
            raise StorageError("no connection to Kafka")
        return self._consumer

    def _hold_back(self, consumer: KafkaConsumer) -> None:
        """Fetch nothing of a partition of which enough is here."""
        for tp, one in self._logs.items():
            is_paused = tp in consumer.paused()
            if one.size >= self._limits.kept_bytes and not is_paused:
                consumer.pause(tp)
            elif is_paused and 0 < one.size < self._limits.kept_bytes // 2:
                consumer.resume(tp)

    def _take_in(self, fetched: Mapping[TopicPartition, Iterable[object]]) -> None:
        now = self._monotonic()
        for tp, messages in fetched.items():
            records = [_record(tp, message) for message in messages]
            if records and tp in self._logs:
                self._logs[tp].add(records)
                last = records[-1].position + 1
                self._standings[tp] = Standing(end=max(last, self._standings[tp].end), fetched=last)
                self._moved_at[tp] = now

    def _look(self, consumer: KafkaConsumer) -> None:
        """See, now and then, whether each partition that has more also brings it."""
        now = self._monotonic()
        if self._logs:
            self._owned_at, self._share_after_s = now, self._limits.share_after_s
        elif now - self._owned_at > self._share_after_s:
            # Whoever leads shares out anew. The client has no public way to ask for that.
            self._owned_at = now
            self._share_after_s = min(2 * self._share_after_s, self._limits.share_at_last_s)
            log.info("this worker has no partition and asks for a share")
            consumer._coordinator.request_rejoin()  # noqa: SLF001
        if now - self._looked_at < self._limits.look_every_s or not self._logs:
            return
        self._looked_at = now
        for tp, end in consumer.end_offsets(list(self._logs)).items():
            standing = self._standings[tp]
            self._standings[tp] = Standing(
                end=end, fetched=standing.fetched, problem=standing.problem
            )
            if tp in consumer.paused() or standing.problem or end <= standing.fetched:
                self._moved_at[tp] = now
            elif now - self._moved_at[tp] > self._limits.stalled_after_s:
                self._restart(f"{_name(tp)} has {end - standing.fetched} more and brings nothing")
                return

    def _gap(self, error: OffsetOutOfRangeError) -> None:
        """A position is not in the topic any more, or not yet: an alarm, and what was decided."""
        offsets: Mapping[TopicPartition, int] = error.args[0]
        for tp, position in offsets.items():
            first = self._first(tp)
            if self._skip_gaps and first is not None and first > position:
                log.error(
                    "records are lost to us and skipped, as TOCSIN_KAFKA_GAP says",
                    partition=_name(tp),
                    first=position,
                    last=first - 1,
                )
                self._client().seek(tp, first)
                continue
            problem = (
                f"position {position} is not in the topic, which begins at {first}: restore it, or "
                "set TOCSIN_KAFKA_GAP=skip to go on without what is lost"
            )
            log.error("partition stopped", partition=_name(tp), reason=problem)
            self._client().pause(tp)
            self._client().seek(tp, position)
            self._standings[tp] = Standing(fetched=position, problem=problem)

    def _first(self, tp: TopicPartition) -> int | None:
        try:
            first: int = self._client().beginning_offsets([tp])[tp]
        except KafkaError:
            return None
        return first

    def _failed(self, error: Exception) -> None:
        now = self._monotonic()
        self._last_error = f"{type(error).__name__}: {error}"
        if self._failing_since is None:
            log.warning("Kafka does not answer", reason=self._last_error)
            self._failing_since = now
        if now - self._failing_since > self._limits.stalled_after_s:
            self._restart("it only fails")
            self._failing_since = now
        self._pause(self._limits.pause_s)

    def _restart(self, reason: str) -> None:
        log.warning("a new connection to Kafka", reason=reason)
        self.close()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """Called by the client within `poll`, on our thread."""

    def __init__(
        self,
        assigned: Callable[[Iterable[TopicPartition]], None],
        gone: Callable[[Iterable[TopicPartition]], None],
    ) -> None:
        self._assigned = assigned
        self._gone = gone

    @override
    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._assigned(assigned)

    @override
    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._gone(revoked)

    @override
    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._gone(lost)


def _finish_joining(consumer: KafkaConsumer) -> None:
    """Let the client finish a join that it began and then forgot.

    A poll that returns while it joins leaves the join under way; if the reason for it is gone by
    the next poll (kafka-python 3.0.12: it joined because it had heard of new partitions), nobody
    waits for it. Then the client sends no heartbeat any more and keeps for ever what others own.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - there is no public way
    if coordinator.rejoining and not coordinator.need_rejoin():
        coordinator.request_rejoin()


def _name(tp: TopicPartition) -> str:
    return f"{tp.topic}/{tp.partition}"


def _record(tp: TopicPartition, message: object) -> Record:
    # A tombstone has no bytes; it is set aside as what cannot be decoded.
    value = message.value or b""  # type: ignore[attr-defined] # kafka-python has no types
    return Record(_name(tp), message.offset, value, origin_of(message.headers))  # type: ignore[attr-defined]


def _close(consumer: KafkaConsumer) -> None:
    try:
        consumer.close(autocommit=False, timeout_ms=int(_CLOSE_WITHIN_S * 1_000))
    except (KafkaError, OSError) as error:
        log.warning("consumer not closed in order", reason=str(error))
