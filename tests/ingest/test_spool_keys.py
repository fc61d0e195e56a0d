"""The keys of the log are found wherever they are: in memory, on their way, in the table."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.repository import spool_schema
from ingest.spool_entry import (
    BEFORE_FSYNC,
    Appended,
    Conflict,
    Duplicate,
    SpoolEntry,
    SpoolVerdict,
)
from ingest.spool_file import SpoolFile, connect
from ingest.spool_keys import SpoolKeys
from schemas.errors import StorageFullError
from tests.ingest.support import entry, patient

OLD_INDEX = "CREATE UNIQUE INDEX uq_spool_root_id_revision ON spool (root_id, revision)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def log_of(path: Path, *, generation: int) -> SpoolFile:
    log = SpoolFile(path)
    log._keys = SpoolKeys(generation=generation)
    return log


def in_table(path: Path) -> list[tuple[str, int, int]]:
    db = sqlite3.connect(path)
    rows = db.execute("SELECT root_id, revision, position FROM spool_keys ORDER BY position")
    found = rows.fetchall()
    db.close()
    return found


def expected_of(first: dict[int, tuple[int, str]], which: int, text: str) -> SpoolVerdict:
    if which not in first:
        first[which] = (len(first) + 1, text)
        return Appended(len(first))
    position, stored = first[which]
    return Duplicate(position, stored.encode()) if text == stored else Conflict(position)


class TestFound:
    @patient
    @given(
        st.lists(
            st.lists(st.tuples(st.integers(0, 12), st.sampled_from("xy")), max_size=6), max_size=12
        ),
        st.integers(1, 6),
        st.integers(0, 12),
    )
    def test_in_whatever_sizes_they_come_and_wherever_the_file_is_opened_again(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        commits: list[list[tuple[int, str]]],
        generation: int,
        opened_again_at: int,
    ) -> None:
        path = tmp_path_factory.mktemp("keys") / "spool.db"
        log = log_of(path, generation=generation)
        first: dict[int, tuple[int, str]] = {}
        for number, commit in enumerate(commits):
            if number == opened_again_at:
                log.close()
                log = log_of(path, generation=generation)
            expected = [expected_of(first, which, text) for which, text in commit]
            entries = [entry(f"r-{which}", text=text) for which, text in commit]
            assert log.append(entries) == expected
        log.close()

    def test_in_the_order_of_keys_some_with_each_commit(self, path: Path) -> None:
        log = log_of(path, generation=6)
        log.append([entry(f"r-{n}") for n in (5, 2, 4, 1, 3, 0)])
        assert in_table(path) == []
        log.append([entry("s-1"), entry("s-2")])
        assert sorted(root_id for root_id, _, _ in in_table(path)) == ["r-0", "r-1", "r-2", "r-3"]
        assert log.append([entry("r-5"), entry("r-0"), entry("s-1", text="z")]) == [
            Duplicate(1, b"x"),
            Duplicate(6, b"x"),
            Conflict(7),
        ]
        log.append([entry("s-3")])
        assert [position for _, _, position in in_table(path)] == [1, 2, 3, 4, 5, 6]
        log.close()


class TestOpening:
    def test_moves_what_a_killed_process_had_in_memory(self, path: Path) -> None:
        killed = log_of(path, generation=4)
        for n in range(5):
            killed.append([entry(f"r-{n}"), entry(f"s-{n}")])
        again = SpoolFile(path)
        again.open()
        assert [position for _, _, position in in_table(path)] == list(range(1, 11))
        assert again.append([entry("s-4"), entry("t-1")]) == [Duplicate(10, b"x"), Appended(11)]
        killed.close()
        again.close()

    def test_takes_over_a_file_that_has_an_index(self, path: Path) -> None:
        db = connect(path)
        for statement in (*spool_schema(), OLD_INDEX):
            db.execute(statement)
        insert = "INSERT INTO spool VALUES (?, ?, 1, ?, x'78')"
        db.executemany(insert, [(n, f"r-{n}", "x".ljust(64, "0")) for n in range(1, 1_001)])
        db.close()
        log = SpoolFile(path)
        assert log.append([entry("r-500"), entry("r-1001")]) == [
            Duplicate(500, b"x"),
            Appended(1_001),
        ]
        left = log._live().execute("SELECT 1 FROM sqlite_master WHERE sql LIKE 'CREATE UNIQUE%'")
        assert left.fetchall() == []
        log.close()

    def test_after_a_failed_commit_nothing_of_it_is_remembered(self, path: Path) -> None:
        faults = [OSError("No space left on device")]

        def checkpoint(name: str) -> None:
            if name == BEFORE_FSYNC and len(faults) == 1 and log.end > 4:
                raise faults.pop()

        log = SpoolFile(path, checkpoint=checkpoint)
        log._keys = SpoolKeys(generation=2)
        commits: list[list[SpoolEntry]] = [[entry(f"{n}-a"), entry(f"{n}-b")] for n in range(2)]
        for commit in commits:
            log.append(commit)
        with pytest.raises(StorageFullError):
            log.append([entry("2-a"), entry("2-b")])
        assert log.append([entry("2-a"), entry("0-b")]) == [Appended(5), Duplicate(2, b"x")]
        log.close()
