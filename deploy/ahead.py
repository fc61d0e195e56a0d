"""Reading ahead: while one batch is stored, a child process reads, decodes and places the next.

That is a third of what a report costs, it needs of the database nothing but the layers, and a box
has two cores; a thread would only take turns with the worker. The child is started when the desk
is behind and ends when it was not needed for a while. It says with which layers it placed a
report, and the desk takes that only if it has the same. Whatever happens to it, the desk reads by
itself.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self
from zoneinfo import ZoneInfo

import structlog

from deploy.ahead_answer import Prepared, unpack
from processing.batch.account import Account, read_account
from schemas.clock import Monotonic
from schemas.log import Backlog, Record

log = structlog.get_logger(__name__)

# What is asked of the child: position, most records, most bytes; then (ENOUGH, 0, 0), for which it
# answers with what it has. What it answers: how many bytes of the shared file hold the records, in
# pieces that have their length before them (FAILED: they can't be read now). It begins with READY.
REQUEST = struct.Struct("<qqq")
ANSWER = struct.Struct("<q")
ENOUGH = -1
FAILED = -1
READY = 0

# Instead of a database file.
FROM_SETTINGS = "-"
# A batch of so many records tells that the desk is behind. A patrol's backlog after a day without a
# link is as large; so the child is there before the desk falls far behind (docs/performance.md).
BEHIND = 64
# The child prepares so many records in a go: that is how long an answer can take.
PIECE = 500
# How long a child is kept that nobody needs, and how long none is started after one failed.
REST_S = 60.0
# One that takes longer is stuck: it has had the time of a whole batch already.
ANSWERS_WITHIN_S = 5.0


class ChildGoneError(Exception):
    """The child ended or cannot be reached."""


class Reader(Protocol):
    """Whoever prepares records elsewhere, one request at a time."""

    def is_ready(self) -> bool:
        """Say whether it is there and can be asked. Raises ChildGoneError."""

    def ask(self, position: int, *, max_records: int, max_bytes: int) -> None:
        """Have the records at and after a position prepared, also those that are still to come.

        Raises ChildGoneError.
        """

    def answer(self) -> Sequence[Prepared]:
        """Return what is prepared of what was asked, nothing if it can't be read now.

        Raises ChildGoneError.
        """

    def close(self) -> None:
        """End it."""


class Child:
    """A process that reads ahead."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        requests: IO[bytes],
        answers: IO[bytes],
        file: IO[bytes],
        within_s: float,
    ) -> None:
        self._process = process
        self._within_s = within_s
        self._requests, self._answers, self._file = requests, answers, file
        self._is_ready = False

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def is_ready(self) -> bool:
        """Say whether it has come so far that it can be asked."""
        if not self._is_ready and self._has_said(0.0):
            self._heard()
            self._is_ready = True
        return self._is_ready

    def ask(self, position: int, *, max_records: int, max_bytes: int) -> None:
        """Have the records at and after a position prepared, also those that are still to come."""
        self._tell(position, max_records, max_bytes)

    def answer(self) -> Sequence[Prepared]:
        """Return what is prepared of what was asked, nothing if it can't be read now."""
        self._tell(ENOUGH, 0, 0)
        if not self._has_said(self._within_s):
            raise ChildGoneError
        size = self._heard()
        if size == FAILED:
            return ()
        try:
            return unpacked(os.pread(self._file.fileno(), size, 0))
        except (OSError, EOFError, TypeError, ValueError, struct.error) as error:
            raise ChildGoneError from error

    def _tell(self, *request: int) -> None:
        try:
            self._requests.write(REQUEST.pack(*request))
        except OSError as error:
            raise ChildGoneError from error

    def _has_said(self, within_s: float) -> bool:
        return bool(select.select([self._answers], [], [], within_s)[0])

    def _heard(self) -> int:
        said = self._answers.read(ANSWER.size)
        if len(said) != ANSWER.size:
            raise ChildGoneError
        size: int = ANSWER.unpack(said)[0]
        return size

    def close(self) -> None:
        """End the process: it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        for end in (self._requests, self._answers, self._file):
            end.close()


def unpacked(data: bytes) -> list[Prepared]:
    """Return what some pieces hold. Raises EOFError, TypeError, ValueError or struct.error."""
    found: list[Prepared] = []
    view, at = memoryview(data), 0
    while at < len(view):
        start = at + ANSWER.size
        at = start + ANSWER.unpack_from(view, at)[0]
        found += unpack(view[start:at])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a child reads: the spool as one partition, and the layers of a database.

    It places reports as of the days of `zone`. `database` is None if it is not a file: then the
    settings of the environment name it, for everybody on the machine can read an argument.
    """

    spool: Path
    partition: str
    database: Path | None
    zone: ZoneInfo


def start_child(reading: Reading, *, within_s: float = ANSWERS_WITHIN_S) -> Child:
    """Start a child. What it answers lies in a file without a name."""
    file = tempfile.TemporaryFile(dir=reading.spool.parent)  # noqa: SIM115 - `Child.close` closes it
    database = reading.database or FROM_SETTINGS
    told = (reading.spool, reading.partition, database, reading.zone, file.fileno())
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "deploy.serve_ahead", *map(str, told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[file.fileno()],
        bufsize=0,
    )
    if process.stdin is None or process.stdout is None:
        raise ChildGoneError
    return Child(
        process, requests=process.stdin, answers=process.stdout, file=file, within_s=within_s
    )


class AheadSource:
    """A log that is read ahead while its reader is behind. For one thread.

    Leaving it ends the child; the source is somebody else's to close.
    """

    def __init__(
        self,
        source: Backlog,
        start: Callable[[], Reader],
        *,
        monotonic: Monotonic,
        behind: int = BEHIND,
    ) -> None:
        self._behind = behind
        self.partition = source.partition
        self._source = source
        self._start = start
        self._monotonic = monotonic
        self._child: Reader | None = None
        self._asked: int | None = None
        self._known: dict[int, Account] = {}
        self._rest_until = 0.0
        self._used_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def read(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return the records at and after a position, as the log itself would."""
        records = self._taken(position, max_records)
        if not records:
            records = self._source.read(position, max_records=max_records, max_bytes=max_bytes)
        if len(records) >= self._behind:
            self._ask(records[-1].position + 1, max_records, max_bytes)
        return records

    def peek(self, position: int, *, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Return what the log itself would."""
        return self._source.peek(position, max_records=max_records, max_bytes=max_bytes)

    def wait(self, timeout_s: float) -> bool:
        """Wait as the log does, and end a child that nobody needs."""
        if self._child is not None and self._monotonic() - self._used_at > REST_S:
            self._end()
        return self._source.wait(timeout_s)

    def decode(self, record: Record) -> Account:
        """Return the account in a record. Raises InvalidMessageError."""
        known = self._known.pop(record.position, None)
        return read_account(record.value) if known is None else known

    def _taken(self, position: int, max_records: int) -> Sequence[Record]:
        """Return what the child prepared of this position, nothing if it did not."""
        child, asked = self._child, self._asked
        self._known.clear()
        if child is None or asked is None:
            return ()
        try:
            prepared = child.answer()
        except ChildGoneError:
            self._fail()
            return ()
        self._asked = None
        return self._records(prepared[:max_records]) if asked == position else ()

    def _records(self, prepared: Sequence[Prepared]) -> Sequence[Record]:
        self._known = {
            record.position: account for record, account in prepared if account is not None
        }
        return [record for record, _ in prepared]

    def _ask(self, position: int, max_records: int, max_bytes: int) -> None:
        """Have the child read on. One that was just started is not waited for."""
        now = self._monotonic()
        if now < self._rest_until:
            return
        self._used_at = now
        try:
            self._child = self._child or self._start()
            if self._child.is_ready():
                self._child.ask(position, max_records=max_records, max_bytes=max_bytes)
                self._asked = position
        except (ChildGoneError, OSError):
            self._fail()

    def _fail(self) -> None:
        log.warning("reading ahead failed, the desk reads by itself", again_in_s=REST_S)
        self._rest_until = self._monotonic() + REST_S
        self._end()

    def _end(self) -> None:
        child, self._child, self._asked = self._child, None, None
        if child is not None:
            child.close()
