"""Which natural keys lie in the spool, and where: in memory first, then in a table.

A key is known by the 48 bits of its hash that its report's id has (`key_hash`). Hashes come in no
order, so an index that each commit keeps up to date costs a page of the write-ahead log for every
key, ten times the bytes of the report itself. So the last ones stay in memory. When there are
enough of them they go into the table in their order, some with a commit now and then, so that
neighbours share their page. The log itself has every key: what was in memory when a process died is
read from it again.

What is found may be another key of the same hash: among 20 million one pair is to be expected.
Whoever asks compares the records. Of such a pair only one is found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count

import numpy as np
import numpy.typing as npt

from schemas.identity import key_hash_of

# Enough that neighbours meet; opening again moves them in less than a second. In memory they need
# 10 MB, and so do those before them while they leave.
_GENERATION = 100_000
# So many are written between two moves: each is one more statement in somebody's commit.
_TOGETHER = 2_000
# Keys a statement. SQLite allows 32,766 parameters.
_UNITS = (1_000, 100, 10, 1)

_KEYS = "CREATE TABLE IF NOT EXISTS spool_hashes (hash INTEGER PRIMARY KEY, position INTEGER)"
# One row: every record before this position has its key in the table.
_KEYS_END = "CREATE TABLE IF NOT EXISTS spool_hashes_end (position INTEGER NOT NULL)"
_END = "SELECT position FROM spool_hashes_end"
_FIRST_END = "INSERT INTO spool_hashes_end (position) VALUES (1)"
_SET_END = "UPDATE spool_hashes_end SET position = ?"
_LOGGED = "SELECT root_id, revision, position FROM spool WHERE position >= ? AND position < ?"
# Files of earlier versions have one of these instead.
_DROP_OLD = (
    "DROP INDEX IF EXISTS uq_spool_root_id_revision",
    "DROP TABLE IF EXISTS spool_keys",
    "DROP TABLE IF EXISTS spool_keys_end",
)

_Ints = npt.NDArray[np.int64]


class SpoolKeys:
    """The keys of one spool file, through the one connection that writes it.

    After an error of the storage, `open` it anew: what it remembers may not have been stored.
    """

    def __init__(self, *, generation: int = _GENERATION, together: int = _TOGETHER) -> None:
        self._generation = generation
        self._together = together
        self._young: dict[int, int] = {}
        # On their way into the table: found here until all of them are there.
        self._leaving: dict[int, int] = {}
        self._ordered = _ordered({})
        self._moved = 0
        self._looked_at = self._end = self._leaving_end = 1

    def open(self, db: sqlite3.Connection, *, end: int) -> None:
        """Make the tables where they are missing, and move what a last process left unmoved.

        `end` is the position behind the last record.
        """
        self._young, self._leaving, self._moved = {}, {}, 0
        for statement in (_KEYS, _KEYS_END):
            db.execute(statement)
        row = db.execute(_END).fetchone()
        self._looked_at = self._end = end
        if row is not None and row[0] == end:
            return
        db.execute("BEGIN IMMEDIATE")
        if row is None:
            db.execute(_FIRST_END)
        for start in range(1 if row is None else row[0], end, self._generation):
            logged = db.execute(_LOGGED, (start, min(start + self._generation, end)))
            found = {key_hash_of(root_id, revision): at for root_id, revision, at in logged}
            _insert(db, _ordered(found))
        db.execute(_SET_END, (end,))
        for statement in _DROP_OLD:
            db.execute(statement)
        db.execute("COMMIT")

    def find(self, db: sqlite3.Connection, hashes: Sequence[int]) -> dict[int, int]:
        """Return the position of each hash that the log has."""
        found: dict[int, int] = {}
        for generation in (self._young, self._leaving):
            # Looking into an empty one would cost as much.
            if generation and not generation.keys().isdisjoint(hashes):
                found |= {one: generation[one] for one in hashes if one in generation}
        if self._end > 1:
            found |= self._look_up(db, hashes)
        return found

    def add(self, hashes: Sequence[int], *, start: int) -> None:
        """Remember the keys of records that were written, the first of them at a position."""
        self._young.update(zip(hashes, count(start), strict=False))

    def is_due(self, start: int) -> bool:
        """Say whether the transaction that writes from a position on has to `move` keys."""
        return start - self._looked_at >= self._together

    def move(self, db: sqlite3.Connection, *, start: int) -> None:
        """Move some older keys into the table, if it is time.

        Call it inside of the transaction that writes the records from a position on. It moves more
        than have come in, so that one generation has left before the next is full.
        """
        most = 2 * (start - self._looked_at)
        self._looked_at = start
        if not self._leaving:
            if len(self._young) < self._generation:
                return
            self._leaving, self._young, self._moved = self._young, {}, 0
            self._leaving_end = start
            self._ordered = _ordered(self._leaving)
        _insert(db, self._ordered[self._moved : self._moved + most])
        self._moved += most
        if self._moved >= len(self._leaving):
            self._end = self._leaving_end
            self._leaving = {}
            db.execute(_SET_END, (self._end,))

    def _look_up(self, db: sqlite3.Connection, hashes: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        done = 0
        for many in pieces(len(hashes), _UNITS):
            found.update(db.execute(_looking_up(many), hashes[done : done + many]))
            done += many
        return found


def pieces(rows: int, units: Sequence[int]) -> Iterator[int]:
    """Cut some rows into few statements of few lengths: 324 are 300, 20 and 4."""
    for unit in units:
        while rows >= unit:
            piece = min(rows // unit, 9) * unit
            yield piece
            rows -= piece


def _ordered(keys: dict[int, int]) -> _Ints:
    """Return pairs of hash and position, in the order of the hashes."""
    hashes = np.fromiter(keys.keys(), np.int64, len(keys))
    positions = np.fromiter(keys.values(), np.int64, len(keys))
    order = np.argsort(hashes)
    return np.stack([hashes[order], positions[order]], axis=1)


def _insert(db: sqlite3.Connection, pairs: _Ints) -> None:
    done = 0
    for many in pieces(len(pairs), _UNITS):
        db.execute(_inserting(many), pairs[done : done + many].ravel().tolist())
        done += many


@cache
def _inserting(rows: int) -> str:
    marks = ", ".join(["(?, ?)"] * rows)
    return f"INSERT OR IGNORE INTO spool_hashes (hash, position) VALUES {marks}"  # noqa: S608 - marks only


@cache
def _looking_up(rows: int) -> str:
    marks = ", ".join(["?"] * rows)
    return f"SELECT hash, position FROM spool_hashes WHERE hash IN ({marks})"  # noqa: S608 - marks only
