"""The keys of the log are found wherever they are: in memory, on their way, in the table."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
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
from schemas.identity import key_hash, key_hash_of, report_id
from tests.ingest.support import entry, patient

OLD_INDEX = "CREATE UNIQUE INDEX uq_spool_root_id_revision ON spool (root_id, revision)"
OLD_TABLES = (
    "CREATE TABLE spool_keys (root_id, revision, position, PRIMARY KEY (root_id, revision))",
    "CREATE TABLE spool_keys_end (position INTEGER NOT NULL)",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def log_of(path: Path, *, generation: int, together: int = 1) -> SpoolFile:
    log = SpoolFile(path)
    log._keys = SpoolKeys(generation=generation, together=together)
    return log


def in_table(path: Path) -> list[str]:
    """The ids of which the table has the keys, in the order of the log."""
    db = sqlite3.connect(path)
    log = db.execute("SELECT root_id, revision, position FROM spool").fetchall()
    table = dict(db.execute("SELECT position, hash FROM spool_hashes").fetchall())
    db.close()
    assert all(key_hash_of(*log[at - 1][:2]) == found for at, found in table.items())
    return [root_id for root_id, _, position in log if position in table]


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
        st.integers(1, 5),
    )
    def test_in_whatever_sizes_they_come_and_wherever_the_file_is_opened_again(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        commits: list[list[tuple[int, str]]],
        generation: int,
        opened_again_at: int,
        together: int,
    ) -> None:
        path = tmp_path_factory.mktemp("keys") / "spool.db"
        log = log_of(path, generation=generation, together=together)
        first: dict[int, tuple[int, str]] = {}
        for number, commit in enumerate(commits):
            if number == opened_again_at:
                log.close()
                log = log_of(path, generation=generation, together=together)
            expected = [expected_of(first, which, text) for which, text in commit]
            entries = [entry(f"r-{which}", text=text) for which, text in commit]
            assert log.append(entries) == expected
        log.close()

    def test_in_the_order_of_keys_some_with_each_commit(self, path: Path) -> None:
        log = log_of(path, generation=6)
        log.append([entry(f"r-{n}") for n in (5, 2, 4, 1)])
        log.append([entry("r-3"), entry("r-0")])
        assert in_table(path) == []
        log.append([entry("s-1"), entry("s-2")])
        assert len(in_table(path)) == 4
        assert log.append([entry("r-5"), entry("r-0"), entry("s-1", text="z")]) == [
            Duplicate(1, b"x"),
            Duplicate(6, b"x"),
            Conflict(7),
        ]
        log.append([entry("s-3")])
        assert sorted(in_table(path)) == [f"r-{n}" for n in range(6)]
        log.close()


class TestOpening:
    def test_moves_what_a_killed_process_had_in_memory(self, path: Path) -> None:
        killed = log_of(path, generation=4)
        for n in range(5):
            killed.append([entry(f"r-{n}"), entry(f"s-{n}")])
        again = SpoolFile(path)
        again.open()
        assert len(in_table(path)) == 10
        assert again.append([entry("s-4"), entry("t-1")]) == [Duplicate(10, b"x"), Appended(11)]
        killed.close()
        again.close()

    def test_takes_over_a_file_of_an_earlier_version(self, path: Path) -> None:
        db = connect(path)
        for statement in (*spool_schema(), OLD_INDEX, *OLD_TABLES):
            db.execute(statement)
        insert = "INSERT INTO spool VALUES (?, ?, 1, ?, x'78')"
        db.executemany(insert, [(n, f"r-{n}", "x".ljust(64, "0")) for n in range(1, 1_001)])
        db.close()
        log = SpoolFile(path)
        assert log.append([entry("r-500"), entry("r-1001")]) == [
            Duplicate(500, b"x"),
            Appended(1_001),
        ]
        left = log._live().execute("SELECT name FROM sqlite_master")
        assert {name for (name,) in left} == {"spool", "spool_hashes", "spool_hashes_end"}
        log.close()

    def test_after_a_failed_commit_nothing_of_it_is_remembered(self, path: Path) -> None:
        faults = [OSError("No space left on device")]

        def checkpoint(name: str) -> None:
            if name == BEFORE_FSYNC and len(faults) == 1 and log.end > 4:
                raise faults.pop()

        log = SpoolFile(path, checkpoint=checkpoint)
        log._keys = SpoolKeys(generation=2, together=1)
        commits: list[list[SpoolEntry]] = [[entry(f"{n}-a"), entry(f"{n}-b")] for n in range(2)]
        for commit in commits:
            log.append(commit)
        with pytest.raises(StorageFullError):
            log.append([entry("2-a"), entry("2-b")])
        assert log.append([entry("2-a"), entry("0-b")]) == [Appended(5), Duplicate(2, b"x")]
        log.close()


@given(st.text(max_size=30), st.integers(1, 10_000), st.datetimes(timezones=st.just(UTC)))
def test_an_id_has_the_hash_of_its_key(root_id: str, revision: int, at: datetime) -> None:
    assert key_hash(report_id(at, root_id, revision)) == key_hash_of(root_id, revision)


def test_two_keys_with_one_hash_are_two_reports(path: Path) -> None:
    log = log_of(path, generation=2)
    one = entry("a-01")
    other = entry("b-01")._replace(report_id=one.report_id)
    assert log.append([one]) == [Appended(1)]
    assert log.append([other, one]) == [Appended(2), Duplicate(1, b"x")]
    assert log.append([entry("c-01"), entry("d-01")]) == [Appended(3), Appended(4)]
    log.append([entry("e-01")])
    log.close()
