"""Receipts: what became of a report, readable at once after its 202."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from ingest.receipt import ACCEPTED, SET_ASIDE, STORED, receipt_of, report_id_of
from ingest.repository import SetAside, StoredReport, StoredReports
from ingest.spool import Spool
from ingest.spool_reader import SpoolReader
from schemas.codec import decode
from schemas.errors import InvalidMessageError, StorageError
from schemas.log import Record
from schemas.receipt_token import write_token
from schemas.report import AdmittedReport, Receipt

log = structlog.get_logger(__name__)

_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_SCAN_RECORDS = 500
_SCAN_BYTES = 4 * 1024**2

_T = TypeVar("_T")


class Receipts(Protocol):
    """What the routes ask about reports that came before. Both block.

    Raise StorageError when what must be asked does not answer.
    """

    def find(self, report_id: str, *, unit_id: str) -> Receipt | None:
        """Return the receipt of a report of one unit; None if it has sent none of this id."""

    def first_answer(self, root_id: str, revision: int) -> Receipt | None:
        """Return the receipt of a report that processing has stored, by its natural key."""


class ReceiptReader:
    """Receipts from the database and the spool. Safe for threads.

    When the database is away, what the spool still knows is told. `kept_from` says from which
    position on the spool may hold what the database has not; it may raise StorageError.
    """

    def __init__(
        self, *, spool: Spool, stored: StoredReports, kept_from: Callable[[], int]
    ) -> None:
        self._spool = spool
        self._stored = stored
        self._kept_from = kept_from
        self._older: dict[str, int] = {}
        self._scanned_to = 0
        self._scanning = threading.Lock()

    def find(self, report_id: str, *, unit_id: str) -> Receipt | None:
        """Return the receipt of a report of one unit; None if it has sent none of this id."""
        if not _ID.fullmatch(report_id):
            return None
        stored = self._ask(lambda: self._stored.find(report_id))
        if stored is not None:
            return _of_stored(stored) if stored.unit_id == unit_id else None
        position = self._position_of(report_id)
        if position is not None:
            return self._of_spooled(position, unit_id=unit_id)
        return self._of_set_aside(report_id, unit_id=unit_id)

    def first_answer(self, root_id: str, revision: int) -> Receipt | None:
        """Return the receipt of a report that processing has stored, by its natural key."""
        stored = self._stored.find_key(root_id, revision)
        if stored is not None:
            return _of_stored(stored, duplicate=True)
        aside = self._stored.set_aside_key(root_id, revision)
        return None if aside is None else _of_aside(aside, duplicate=True)

    def _ask(self, question: Callable[[], _T]) -> _T | None:
        try:
            return question()
        except StorageError as error:
            log.warning("receipt without the database", reason=str(error))
            return None

    def _position_of(self, report_id: str) -> int | None:
        position = self._spool.position_of(report_id)
        if position is not None:
            return position
        with self._scanning:
            self._scan_older()
            return self._older.get(report_id)

    def _scan_older(self) -> None:
        """Learn the ids of what was spooled before this process started and waits still."""
        processed = self._ask(self._kept_from) or 0
        self._older = {key: at for key, at in self._older.items() if at >= processed}
        start, end = max(processed, self._scanned_to), self._spool.indexed_from
        with SpoolReader(self._spool.path, partition=self._spool.node) as reader:
            while start < end:
                records = reader.read(start, max_records=_SCAN_RECORDS, max_bytes=_SCAN_BYTES)
                if not records:
                    break
                for record in records:
                    message = _message(record.value)
                    if message is not None:
                        self._older[report_id_of(message)] = record.position
                start = records[-1].position + 1
        self._scanned_to = max(start, self._scanned_to)

    def _of_spooled(self, position: int, *, unit_id: str) -> Receipt | None:
        record = self._record(position)
        if record is None:
            return None
        message = _message(record.value)
        if message is None or message.unit_id != unit_id:
            return None
        aside = self._ask(lambda: self._stored.set_aside_at(self._spool.node, position))
        reason = None if aside is None else aside.reason
        state = ACCEPTED if aside is None else SET_ASIDE
        return receipt_of(message, position=position, state=state, reason=reason)

    def _record(self, position: int) -> Record | None:
        with SpoolReader(self._spool.path, partition=self._spool.node) as reader:
            try:
                records = reader.read(position, max_records=1, max_bytes=1)
            except StorageError:
                # Trimmed between our two questions: processing has it, the next question finds it.
                return None
        return records[0] if records else None

    def _of_set_aside(self, report_id: str, *, unit_id: str) -> Receipt | None:
        for record in self._ask(self._stored.set_aside) or ():
            message = _message(record.value)
            if message is not None and report_id_of(message) == report_id:
                return _of_aside(record) if message.unit_id == unit_id else None
        return None


def _of_stored(stored: StoredReport, *, duplicate: bool = False) -> Receipt:
    message = _message(stored.body)
    return Receipt(
        report_id=stored.report_id,
        root_id=stored.root_id,
        revision=stored.revision,
        state=STORED,
        received_at=stored.received_at,
        token=write_token(stored.node, stored.position, stored.report_id),
        href=f"/v1/reports/{stored.report_id}",
        duplicate=duplicate,
        incident_id=stored.incident_id,
        warnings=() if message is None else message.warnings,
    )


def _of_aside(record: SetAside, *, duplicate: bool = False) -> Receipt | None:
    message = _message(record.value)
    if message is None:
        return None
    return receipt_of(
        message,
        position=record.position,
        state=SET_ASIDE,
        duplicate=duplicate,
        reason=record.reason,
    )


def _message(value: bytes) -> AdmittedReport | None:
    """Return a message of the log; None for one that this version can't read."""
    try:
        return decode(AdmittedReport, value)
    except InvalidMessageError:
        return None
