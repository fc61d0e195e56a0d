"""Which natural keys lie in the spool, and where: in memory first, then in a table.

Senders' keys come in no order, so an index that each commit keeps up to date costs a page of the
write-ahead log for every key, four times the bytes of the report itself. So the keys of the last
reports stay in memory. When there are enough of them they go into the table in the order of the
keys, some with each commit, so that neighbours share their page. The log itself has every key: what
was in memory when a process died is read from it again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice

Key = tuple[str, int]

# Enough that neighbours meet, few enough that opening again moves them in less than a second and
# that they need 15 MB. Two generations are in memory while one leaves.
_GENERATION = 50_000
# SQLite allows 32,766 parameters; two a key.
_KEYS_PER_LOOKUP = 400

_KEYS = (
    "CREATE TABLE IF NOT EXISTS spool_keys (root_id TEXT NOT NULL, revision INTEGER NOT NULL, "
    "position INTEGER NOT NULL, PRIMARY KEY (root_id, revision)) WITHOUT ROWID"
)
# One row: every record before this position has its key in the table.
_KEYS_END = "CREATE TABLE IF NOT EXISTS spool_keys_end (position INTEGER NOT NULL)"
_END = "SELECT position FROM spool_keys_end"
_FIRST_END = "INSERT INTO spool_keys_end (position) VALUES (1)"
_SET_END = "UPDATE spool_keys_end SET position = ?"
_MOVE_ALL = (
    "INSERT OR IGNORE INTO spool_keys SELECT root_id, revision, position FROM spool "
    "WHERE position >= ? AND position < ? ORDER BY root_id, revision"
)
# In order from the start: putting a whole generation in order at once would hold a commit up.
_YOUNG = (
    "CREATE TEMP TABLE young (root_id, revision, position, PRIMARY KEY (root_id, revision)) "
    "WITHOUT ROWID"
)
_ADD = (
    "INSERT INTO temp.young SELECT root_id, revision, position FROM spool "
    "WHERE position >= ? AND position < ?"
)
_LEAVE = "CREATE TEMP TABLE leaving AS SELECT * FROM temp.young ORDER BY root_id, revision"
_MOVE_SOME = (
    "INSERT OR IGNORE INTO spool_keys SELECT root_id, revision, position FROM temp.leaving "
    "WHERE rowid > ? AND rowid <= ?"
)
# Files of earlier versions have an index instead.
_DROP_OLD = "DROP INDEX IF EXISTS uq_spool_root_id_revision"


class SpoolKeys:
    """The keys of one spool file, through the one connection that writes it.

    After an error of the storage, `open` it anew, on a new connection: what is in the temporary
    tables can't be rolled back.
    """

    def __init__(self, *, generation: int = _GENERATION) -> None:
        self._generation = generation
        self._young: dict[Key, int] = {}
        # On their way into the table: found here until all of them are there.
        self._leaving: dict[Key, int] = {}
        self._moved = 0
        self._end = 1

    def open(self, db: sqlite3.Connection, *, end: int) -> None:
        """Make the tables where they are missing, and move what a last process left unmoved.

        `end` is the position behind the last record.
        """
        self._young, self._leaving, self._moved = {}, {}, 0
        db.execute("PRAGMA temp_store = MEMORY")
        # Keys of a commit come in no order, so nearly each has its page copied there.
        db.execute("PRAGMA temp.journal_mode = OFF")
        for statement in (_KEYS, _KEYS_END, _YOUNG):
            db.execute(statement)
        row = db.execute(_END).fetchone()
        if row is not None and row[0] == end:
            self._end = end
            return
        db.execute("BEGIN IMMEDIATE")
        if row is None:
            db.execute(_FIRST_END)
        db.execute(_MOVE_ALL, (1 if row is None else row[0], end))
        db.execute(_SET_END, (end,))
        db.execute(_DROP_OLD)
        db.execute("COMMIT")
        self._end = end

    def find(self, db: sqlite3.Connection, keys: Sequence[Key]) -> dict[Key, int]:
        """Return the position of each key that lies in the log."""
        found: dict[Key, int] = {}
        for generation in (self._young, self._leaving):
            if not generation.keys().isdisjoint(keys):
                found |= {key: generation[key] for key in keys if key in generation}
        if self._end > 1:
            found |= self._look_up(db, keys)
        return found

    def add(self, db: sqlite3.Connection, keys: Sequence[Key], *, start: int) -> None:
        """Remember the keys of new records, the first of them at a position, and move some others.

        Call it inside of the transaction that writes the records.
        """
        self._move_some(db, most=2 * len(keys))
        db.execute(_ADD, (start, start + len(keys)))
        self._young.update(zip(keys, count(start), strict=False))

    def _move_some(self, db: sqlite3.Connection, *, most: int) -> None:
        """Move some keys into the table, if it is time.

        More than are added, so that one generation has left before the next is full.
        """
        if not self._leaving:
            if len(self._young) < self._generation:
                return
            db.execute(_LEAVE)
            db.execute("DELETE FROM temp.young")
            self._leaving, self._young, self._moved = self._young, {}, 0
        db.execute(_MOVE_SOME, (self._moved, self._moved + most))
        self._moved += most
        if self._moved >= len(self._leaving):
            self._end += len(self._leaving)
            self._leaving = {}
            db.execute("DROP TABLE temp.leaving")
            db.execute(_SET_END, (self._end,))

    def _look_up(self, db: sqlite3.Connection, keys: Sequence[Key]) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for some in _chunks(keys):
            marks = ",".join(["(?, ?)"] * len(some))
            # Not `IN (VALUES …)`: for a pair, SQLite would read the whole table.
            query = (
                f"WITH asked (root, number) AS (VALUES {marks}) "  # noqa: S608 - marks only
                "SELECT root_id, revision, position FROM asked "
                "CROSS JOIN spool_keys ON root_id = root AND revision = number"
            )
            for root_id, revision, position in db.execute(
                query, [it for key in some for it in key]
            ):
                found[root_id, revision] = position
        return found


def _chunks(keys: Iterable[Key]) -> Iterator[list[Key]]:
    rest = iter(keys)
    while some := list(islice(rest, _KEYS_PER_LOOKUP)):
        yield some
