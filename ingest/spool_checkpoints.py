"""Move the spool's write-ahead log into its database file, on a thread of its own."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import structlog

from ingest.spool_file import connect

log = structlog.get_logger(__name__)

# PASSIVE copies what it can without holding anybody up. 4 MiB keeps what is left to copy short, and
# one run costs about as much as one commit.
_PASSIVE_EVERY_BYTES = 4 * 1024**2


class SpoolCheckpoints:
    """Runs PASSIVE often, and RESTART when the write-ahead log has passed its cap.

    RESTART has the next commit write over the log from its start. To cut the log off would hold
    commits up for longer; that is done at the end.
    """

    def __init__(self, path: Path, *, wal_bytes: int) -> None:
        self._path = path
        self._wal_bytes = wal_bytes
        self._due = threading.Event()
        self._stopping = False
        self._pending_bytes = 0
        self._thread = threading.Thread(target=self._run, name="spool-checkpoints", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Run a last checkpoint and end the thread."""
        self._stopping = True
        self._due.set()
        self._thread.join()

    def wrote(self, size: int) -> None:
        """Count the bytes of a commit; called by the writer. Does not block."""
        self._pending_bytes += size
        if self._pending_bytes >= _PASSIVE_EVERY_BYTES:
            self._pending_bytes = 0
            self._due.set()

    def _run(self) -> None:
        while not self._stopping:
            self._due.wait()
            self._due.clear()
            try:
                self._checkpoint()
            except sqlite3.Error as error:
                # The log only grows; the next run tries again, and the disk's limit is watched.
                log.warning("spool checkpoint failed", reason=str(error))

    def _checkpoint(self) -> None:
        with closing(connect(self._path)) as db:
            if self._stopping:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return
            _, pages, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            (page_bytes,) = db.execute("PRAGMA page_size").fetchone()
            if pages * page_bytes > self._wal_bytes:
                db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
