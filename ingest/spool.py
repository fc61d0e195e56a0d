"""The spool: an append-only log on disk, in front of everything. A 202 is sent only after it.

One thread owns the file and commits whatever has gathered while the last commit waited for the
disk (group commit), so the cost of an fsync is shared by all who wait for it. A second thread
moves the write-ahead log into the database file, so that no commit waits for that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from ingest.bell import ring
from ingest.recent_ids import RecentIds
from ingest.spool_checkpoints import SpoolCheckpoints
from ingest.spool_entry import (
    AFTER_FSYNC,
    Appended,
    Checkpoint,
    SpoolEntry,
    SpoolLimits,
    SpoolVerdict,
    no_checkpoint,
)
from ingest.spool_file import SpoolFile
from ingest.spool_metrics import SpoolMetrics
from schemas.errors import StorageError, StorageFullError

log = structlog.get_logger(__name__)

Verdicts = list[SpoolVerdict]


@dataclass(slots=True)
class _Job:
    entries: Sequence[SpoolEntry]
    size: int
    future: Future[Verdicts] = field(default_factory=Future)


class Spool:
    """The writing end of the log, safe for threads and for event loops.

    Use as a context manager: entering opens the file and starts the threads, leaving stores what
    is queued and stops them. `node` is the name of the one partition.
    """

    def __init__(
        self,
        path: Path,
        *,
        node: str,
        limits: SpoolLimits | None = None,
        wake_path: Path | None = None,
        checkpoint: Checkpoint = no_checkpoint,
        metrics: SpoolMetrics | None = None,
    ) -> None:
        self.node = node
        self.path = path
        self._limits = limits or SpoolLimits()
        self._wake_path = wake_path
        self._checkpoint = checkpoint
        self._metrics = metrics or SpoolMetrics.unpublished()
        self._file = SpoolFile(path, limits=self._limits, checkpoint=checkpoint)
        self._checkpoints = SpoolCheckpoints(path, wal_bytes=self._limits.wal_bytes)
        self._jobs: deque[_Job] = deque()
        self._queued_bytes = 0
        self._trim_before = 0
        self._changed = threading.Condition()
        self._accepts = False
        self._failing = False
        self._recent = RecentIds(most=self._limits.recent_ids, start=0)
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def __enter__(self) -> Self:
        self._file.open()
        self._recent = RecentIds(most=self._limits.recent_ids, start=self._file.end)
        self._accepts = True
        self._checkpoints.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._accepts = False
            self._changed.notify()
        self._thread.join()
        self._checkpoints.stop()

    # ------------------------------------------------------------ for anybody

    def append(self, entries: Sequence[SpoolEntry]) -> Future[Verdicts]:
        """Queue some entries; the future has one verdict an entry, after the fsync.

        Does not block. The future raises StorageFullError when they can't be stored, and then
        none of them is. All entries of one call are in one transaction.
        """
        job = _Job(entries, sum([len(entry.value) for entry in entries]))
        with self._changed:
            refusal = self._refusal(job)
            if refusal is not None:
                job.future.set_exception(refusal)
                return job.future
            self._jobs.append(job)
            self._queued_bytes += job.size
            self._changed.notify()
        return job.future

    def trim(self, before_position: int) -> None:
        """Let the bytes of the records before a position go, in the background.

        Call it when processing has stored them. Keys, hashes and positions stay.
        """
        with self._changed:
            self._trim_before = max(self._trim_before, before_position)
            self._changed.notify()

    @property
    def end(self) -> int:
        """The position that the next report will get."""
        return self._file.end

    def position_of(self, report_id: str) -> int | None:
        """Return where a recently appended report lies; None when it is not remembered."""
        return self._recent.position_of(report_id)

    @property
    def indexed_from(self) -> int:
        """The position from which on `position_of` knows every report."""
        return self._recent.start

    def check(self) -> bool:
        """Say whether the last write went well. While it did not, each question tries again."""
        if self._accepts and self._failing:
            self.append(())
        return self._accepts and not self._failing

    # ------------------------------------------------------------ the writer's thread

    def _refusal(self, job: _Job) -> StorageError | None:
        if not self._accepts:
            return StorageFullError("the spool is closed")
        if self._jobs and self._queued_bytes + job.size > self._limits.max_queued_bytes:
            return StorageFullError("the disk is slower than the reports come in")
        return None

    def _run(self) -> None:
        try:
            while (jobs := self._take()) is not None:
                if jobs:
                    self._serve(jobs)
                else:
                    self._trim_some()
        finally:
            self._stop_accepting()
            self._file.close()

    def _take(self) -> list[_Job] | None:
        """Wait for work. None: the end; empty: nothing to store, but something to trim."""
        with self._changed:
            while not self._jobs and self._accepts and not self._trim_before:
                self._changed.wait()
            if not self._jobs:
                return [] if self._accepts else None
            return self._take_some()

    def _take_some(self) -> list[_Job]:
        jobs = [self._jobs.popleft()]
        size, count = jobs[0].size, len(jobs[0].entries)
        while self._jobs:
            size += self._jobs[0].size
            count += len(self._jobs[0].entries)
            if size > self._limits.max_commit_bytes or count > self._limits.max_commit_entries:
                break
            jobs.append(self._jobs.popleft())
        self._queued_bytes -= sum(job.size for job in jobs)
        self._metrics.queued_bytes.set(self._queued_bytes)
        return jobs

    def _serve(self, jobs: list[_Job]) -> None:
        entries = [entry for job in jobs for entry in job.entries]
        try:
            verdicts = self._store(entries, size=sum([job.size for job in jobs]))
            self._checkpoint(AFTER_FSYNC)
        except StorageError as error:
            self._fail(jobs, error)
            return
        except BaseException:
            # A bug, or a crash test: nobody may wait for ever. The thread ends with the error.
            self._fail(jobs, StorageFullError("the spool stopped"))
            raise
        self._failing = False
        start = 0
        for job in jobs:
            end = start + len(job.entries)
            if job.future.set_running_or_notify_cancel():
                job.future.set_result(verdicts[start:end])
            start = end
        # After the answers: who sent waits for them, the desk takes longer anyway.
        if self._wake_path is not None:
            ring(self._wake_path)

    def _store(self, entries: Sequence[SpoolEntry], *, size: int) -> Verdicts:
        if not entries:
            self._file.probe()
            return []
        start = self._file.end
        with self._metrics.commit_seconds.time():
            verdicts = self._file.append(entries)
        self._metrics.appended.inc(self._file.end - start)
        self._metrics.end.set(self._file.end)
        self._checkpoints.wrote(size)
        self._remember(entries, verdicts, start=start)
        return verdicts

    def _fail(self, jobs: list[_Job], error: StorageError) -> None:
        if not self._failing:
            log.error("spool refuses reports", reason=str(error))
        self._failing = True
        self._metrics.failures.inc()
        for job in jobs:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(error)

    def _remember(self, entries: Sequence[SpoolEntry], verdicts: Verdicts, *, start: int) -> None:
        if self._file.end - start < len(entries):
            # Rare: not all of them are new.
            pairs = zip(entries, verdicts, strict=True)
            entries = [entry for entry, verdict in pairs if isinstance(verdict, Appended)]
        self._recent.add(start, [entry.report_id for entry in entries])

    def _trim_some(self) -> None:
        try:
            more = self._file.trim(self._trim_before)
        except StorageError as error:
            log.warning("spool not trimmed", reason=str(error))
            more = False
        with self._changed:
            if not more:
                self._trim_before = 0

    def _stop_accepting(self) -> None:
        with self._changed:
            self._accepts = False
            waiting, self._jobs = list(self._jobs), deque()
        if waiting:
            self._fail(waiting, StorageFullError("the spool stopped"))
