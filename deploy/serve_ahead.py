"""`python -m deploy.serve_ahead SPOOL PARTITION FILE`: the child of `deploy.ahead`.

It answers requests on standard input until that ends, and leaves the signals of the terminal to
its parent.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from deploy.ahead import ANSWER, FAILED, REQUEST, Prepared, plain
from deploy.garbage import rest_the_collector
from ingest.spool_reader import SpoolReader
from processing.batch.account import read_account
from schemas.errors import StorageError
from schemas.log import Record, Source

_NICE = 5


def main(spool: str, partition: str, file: str) -> None:
    """Prepare what is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rest_the_collector()
    # The desk has the better claim to the cores.
    os.nice(_NICE)
    with SpoolReader(Path(spool), partition=partition) as reader:
        serve(reader, sys.stdin.buffer, sys.stdout.buffer, file=int(file))


def serve(log: Source, requests: BinaryIO, answers: BinaryIO, *, file: int) -> None:
    """Answer each request: the records in a file, their size through the pipe."""
    while len(request := requests.read(REQUEST.size)) == REQUEST.size:
        position, max_records, max_bytes = REQUEST.unpack(request)
        try:
            records = log.read(position, max_records=max_records, max_bytes=max_bytes)
        except StorageError:
            answers.write(ANSWER.pack(FAILED))
        else:
            data = pickle.dumps([_prepared(record) for record in records], protocol=5)
            _write(file, data)
            answers.write(ANSWER.pack(len(data)))
        answers.flush()


def _write(file: int, data: bytes) -> None:
    view, at = memoryview(data), 0
    while at < len(view):
        at += os.pwrite(file, view[at:], at)


def _prepared(record: Record) -> Prepared:
    try:
        fields = plain(read_account(record.value))
    except Exception:  # noqa: BLE001 - the desk decodes it again, and says what is wrong
        return record.position, record.value, None
    return record.position, record.value, fields


if __name__ == "__main__":
    main(*sys.argv[1:])
