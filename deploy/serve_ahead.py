"""`python -m deploy.serve_ahead SPOOL PARTITION DATABASE ZONE FILE`: the child of `deploy.ahead`.

It answers requests on standard input until that ends, and leaves the signals of the terminal to
its parent. While nobody waits for an answer it goes on as the spool grows.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import structlog

from deploy.ahead import ANSWER, ENOUGH, FAILED, FROM_SETTINGS, PIECE, READY, REQUEST
from deploy.ahead_answer import Prepared, pack
from deploy.database import Database, Transaction, database_of, open_database
from deploy.garbage import rest_the_collector
from deploy.settings import Settings
from ingest.spool_reader import SpoolReader
from processing.adapters.sql.errors import translated
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
# How long the log is left alone when there was nothing new in it.
_NEWS_S = 0.005


def main(spool: str, partition: str, database: str, zone: str, file: str) -> None:
    """Prepare what is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Standard output is for answers alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    rest_the_collector()
    # The desk has the better claim to the cores.
    os.nice(_NICE)
    placer = Placer(_opened(database).read, ZoneInfo(zone))
    with SpoolReader(Path(spool), partition=partition) as reader:
        serve(
            reader,
            placer.place,
            requests=sys.stdin.fileno(),
            answers=sys.stdout.buffer,
            file=int(file),
        )


def _opened(database: str) -> Database:
    if database == FROM_SETTINGS:
        return database_of(Settings())
    return open_database(Path(database))


class Placer:
    """Places reports with the layers that a database has."""

    def __init__(self, read: Transaction, zone: ZoneInfo) -> None:
        self._read = read
        self._zone = zone
        self._world = WorldCache()

    def place(self, arrivals: Sequence[Arrival]) -> Sequence[Placed]:
        """Return where reports are. Raises StorageError when the layers can't be read now."""
        with translated(), self._read() as connection:
            world = self._world.of(stores_of(connection).world)
        return place(arrivals, self._zone, world.locator)


def serve(log: Source, place: Placing, *, requests: int, answers: BinaryIO, file: int) -> None:
    """Answer each request: the records in a file, how many bytes that are through the pipe.

    Says first that it is ready. `requests` is a pipe's end, read until its other end is closed.
    """
    _say(answers, READY)
    while len(request := os.read(requests, REQUEST.size)) == REQUEST.size:
        position, max_records, max_bytes = REQUEST.unpack(request)
        # It may come when it was enough already.
        if position != ENOUGH:
            _say(answers, _prepare(log, place, (position, max_records, max_bytes), requests, file))


def _prepare(
    log: Source, place: Placing, asked: tuple[int, int, int], requests: int, file: int
) -> int:
    """Prepare records piece by piece as the log grows, until all are there or it is enough."""
    position, max_records, max_bytes = asked
    size = 0
    while max_records > 0 and max_bytes > 0:
        try:
            records = log.read(position, max_records=min(max_records, PIECE), max_bytes=max_bytes)
        except StorageError:
            return size or FAILED
        if records:
            size = _append(file, pack(prepared(records, place)), at=size)
            position = records[-1].position + 1
            max_records -= len(records)
            max_bytes -= sum([len(record.value) for record in records])
        if select.select([requests], [], [], 0.0 if records else _NEWS_S)[0]:
            break
    return size


def _append(file: int, data: bytes, *, at: int) -> int:
    """Write a piece behind its length; return where the next one goes."""
    view = memoryview(ANSWER.pack(len(data)) + data)
    while view:
        done = os.pwrite(file, view, at)
        view, at = view[done:], at + done
    return at


def _say(answers: BinaryIO, size: int) -> None:
    answers.write(ANSWER.pack(size))
    answers.flush()


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
