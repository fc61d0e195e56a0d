"""A topic of reports as a file, one record a line, and such a file as a log to process.

For whoever asks what the same reports lead to elsewhere: in another version, with other rules, or
in one database on one box.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from deploy.box import Box
from deploy.kafka.client import consumer
from deploy.settings import Settings
from deploy.wiring import Around, worker_of
from processing.batch.account import read_account
from processing.engine.loop import Turn
from processing.engine.ports import SoleLog, Stop
from schemas.errors import ConfigurationError, StorageError
from schemas.log import Origin, Record, within
from schemas.topics import REPORTS, origin_of

_POLL_MS, _SILENT_POLLS = 1_000, 30


def dump_reports(settings: Settings, path: Path, *, note: Callable[[int], object]) -> int:
    """Write what the topic holds now into a file; return how many records that are.

    `note` hears of every hundredth.
    The file is there whole or not at all. What it says may name people: it is for nobody else to
    read. Raises StorageError.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    count = 0
    try:
        with closing(consumer(settings, group=None)) as client, fresh.open("w") as file:
            for count, line in enumerate(_lines(client), 1):
                file.write(line)
                if count % 100 == 0:
                    note(count)
        fresh.replace(path)
    except KafkaError as error:
        raise StorageError(f"the topic can't be read: {type(error).__name__}: {error}") from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def _lines(client: KafkaConsumer) -> Iterator[str]:
    numbers = client.partitions_for_topic(REPORTS.name)
    if not numbers:
        raise StorageError(f"there is no topic {REPORTS.name}: tocsin topics make")
    places = [TopicPartition(REPORTS.name, number) for number in sorted(numbers)]
    client.assign(places)
    ends = client.end_offsets(places)
    for place, first in client.beginning_offsets(places).items():
        client.seek(place, first)
    silent = 0
    while any(client.position(place) < ends[place] for place in places):
        fetched = client.poll(_POLL_MS)
        # The client says nothing of a broker that went away: it waits for it.
        silent = 0 if fetched else silent + 1
        if silent == _SILENT_POLLS:
            raise StorageError("Kafka brings nothing more: is it there? tocsin topics check")
        for messages in fetched.values():
            yield from map(_line, messages)


def _line(message: Any) -> str:  # noqa: ANN401 - kafka-python has no types
    origin = origin_of(message.headers)
    return (
        json.dumps(
            {
                "partition": f"{message.topic}/{message.partition}",
                "offset": message.offset,
                "node": origin and origin.node,
                "sequence": origin and origin.sequence,
                "value": base64.b64encode(message.value or b"").decode(),
            }
        )
        + "\n"
    )


class DumpedLog:
    """Such a file, read into memory, as a log with one partition, whose positions are its lines.

    The partition is named after what is in the file: processing it again changes nothing.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ConfigurationError when it is none of ours."""
        try:
            text = path.read_bytes()
            self.partition = f"dump-{hashlib.sha256(text).hexdigest()[:16]}"
            self._records = [
                _record(self.partition, number, json.loads(line))
                for number, line in enumerate(text.splitlines())
            ]
        except OSError as error:
            raise ConfigurationError(f"{path} can't be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{path} is not what `tocsin topics dump` writes: {error}"
            ) from error

    def __len__(self) -> int:
        return len(self._records)

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the records at and after a position, in order."""
        return list(within(self._records[position : position + max_records], max_bytes))

    def peek(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return nothing: all of it was received long ago, and nothing is urgent."""
        del position, max_records, max_bytes
        return ()

    def wait(self, timeout_s: float) -> bool:
        """Return at once: nothing more comes."""
        del timeout_s
        return False


def _record(partition: str, number: int, line: dict[str, Any]) -> Record:
    node, sequence = line["node"], line["sequence"]
    # As the desk names a record of which nobody says where it was first.
    origin = Origin(node, sequence) if node else Origin(line["partition"], line["offset"])
    return Record(partition, number, base64.b64decode(line["value"], validate=True), origin)


def process_dump(box: Box, log: DumpedLog, *, stop: Stop, note: Callable[[int], object]) -> None:
    """Process what a file holds, as the desk would have. `note` hears of each position.

    Can be stopped and begun again. Raises TocsinError.
    """
    worker = worker_of(box, SoleLog(log), lambda record: read_account(record.value), Around())
    while not stop.is_set() and worker.turn(stop) is not Turn.IDLE:
        note(worker.progress.position)
