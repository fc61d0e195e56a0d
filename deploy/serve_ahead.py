"""`python -m deploy.serve_ahead SPOOL PARTITION DATABASE ZONE FILE`: the child of `deploy.ahead`.

It answers requests on standard input until that ends, and leaves the signals of the terminal to
its parent.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import structlog

from deploy.ahead import ANSWER, FAILED, REQUEST
from deploy.ahead_answer import Prepared, pack
from deploy.garbage import rest_the_collector
from ingest.spool_reader import SpoolReader
from processing.adapters.sql.errors import translated
from processing.adapters.sql.sqlite import Read, reads, sqlite_engine
from processing.adapters.sql.transaction import stores_of
from processing.batch.account import Account, Placed, read_account
from processing.batch.intake import Arrival
from processing.batch.placing import place
from processing.batch.world import WorldCache
from processing.engine.batch import Decoded
from schemas.errors import StorageError
from schemas.log import Record, Source

# Says where reports are.
Placing = Callable[[Sequence[Arrival]], Sequence[Placed]]

_NICE = 5


def main(spool: str, partition: str, database: str, zone: str, file: str) -> None:
    """Prepare what is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Standard output is for answers alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    rest_the_collector()
    # The desk has the better claim to the cores.
    os.nice(_NICE)
    placer = Placer(reads(sqlite_engine(Path(database))), ZoneInfo(zone))
    with SpoolReader(Path(spool), partition=partition) as reader:
        serve(
            reader,
            placer.place,
            requests=sys.stdin.buffer,
            answers=sys.stdout.buffer,
            file=int(file),
        )


class Placer:
    """Places reports with the layers that a database has."""

    def __init__(self, read: Read, zone: ZoneInfo) -> None:
        self._read = read
        self._zone = zone
        self._world = WorldCache()

    def place(self, arrivals: Sequence[Arrival]) -> Sequence[Placed]:
        """Return where reports are. Raises StorageError when the layers can't be read now."""
        with translated(), self._read() as connection:
            world = self._world.of(stores_of(connection).world)
        return place(arrivals, self._zone, world.locator)


def serve(log: Source, place: Placing, *, requests: BinaryIO, answers: BinaryIO, file: int) -> None:
    """Answer each request: the records in a file, their size through the pipe."""
    while len(request := requests.read(REQUEST.size)) == REQUEST.size:
        position, max_records, max_bytes = REQUEST.unpack(request)
        try:
            records = log.read(position, max_records=max_records, max_bytes=max_bytes)
        except StorageError:
            answers.write(ANSWER.pack(FAILED))
        else:
            data = pack(prepared(records, place))
            _write(file, data)
            answers.write(ANSWER.pack(len(data)))
        answers.flush()


def _write(file: int, data: bytes) -> None:
    view, at = memoryview(data), 0
    while at < len(view):
        at += os.pwrite(file, view[at:], at)


def prepared(records: Sequence[Record], place: Placing) -> Sequence[Prepared]:
    """Return records with their accounts, and where the reports are if that can be said."""
    accounts = [_account(record) for record in records]
    arrivals = [
        Decoded(record, account)
        for record, account in zip(records, accounts, strict=True)
        if account is not None
    ]
    try:
        placed = iter(place(arrivals))
    except Exception:  # noqa: BLE001 - the desk places them itself, and says what is wrong
        return list(zip(records, accounts, strict=True))
    return [
        (record, account and Account._make((*account[:-1], next(placed))))
        for record, account in zip(records, accounts, strict=True)
    ]


def _account(record: Record) -> Account | None:
    try:
        return read_account(record.value)
    except Exception:  # noqa: BLE001 - the desk decodes it again, and says what is wrong
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
