"""The limit of the end-to-end figure: the bare `sqlite3` module writing the same rows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

BATCH = 1_000


def copied_schema(source: Path, target: Path) -> None:
    """Make an empty table `reports` with the product's columns and indexes."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as product:
        statements = [
            str(row[0])
            for row in product.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'reports' AND sql IS NOT NULL "
                "ORDER BY type = 'index'"
            )
        ]
    with closing(_open(target)) as bare:
        for statement in statements:
            bare.execute(statement)


def rows_after(source: Path, position: int) -> list[tuple[object, ...]]:
    """Return the product's rows of the reports after a position of the spool, in their order."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as product:
        query = "SELECT * FROM reports WHERE position > ? ORDER BY position"
        return list(product.execute(query, (position,)))


def insert_rate(target: Path, rows: Sequence[tuple[object, ...]]) -> float:
    """Insert rows in batches, each durable (synchronous=FULL); return rows a second."""
    marks = ", ".join("?" * len(rows[0]))
    statement = f"INSERT INTO reports VALUES ({marks})"  # noqa: S608 - marks only
    with closing(_open(target)) as bare:
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            bare.execute("BEGIN IMMEDIATE")
            bare.executemany(statement, rows[start : start + BATCH])
            bare.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")
    # As in the product, no checkpoint inside a commit: the faster limit, so the harder one.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
