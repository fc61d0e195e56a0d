"""The same set of reports gives the same conclusions, whatever its order, cuts and repetitions."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.adapters.sql.state_hash import dump
from schemas.report import AdmittedReport
from tests.processing.building import Database, database, mission, process
from tests.processing.generating import report_sets

# The store is a file, and machines differ: time says nothing here.
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "tocsin.db"
    made = mission(path)
    with made.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    made.engine.dispose()
    return path


def concluded(template: Path, reports: Sequence[AdmittedReport], *, size: int = 100) -> list[bytes]:
    path = template.with_name("copy.db")
    for left_over in template.parent.glob("copy.db*"):
        left_over.unlink()
    shutil.copy(template, path)
    made: Database = database(path)
    process(made, reports, size=size)
    lines = list(dump(made.read))
    made.engine.dispose()
    return lines


@FEW
@given(data=st.data(), reports=report_sets())
def test_neither_order_nor_cuts_matter(
    template: Path, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    shuffled = data.draw(st.permutations(reports))
    size = data.draw(st.sampled_from((1, 2, 7)))
    assert concluded(template, shuffled, size=size) == concluded(template, reports)


@FEW
@given(data=st.data(), reports=report_sets(max_size=8))
def test_repetitions_do_not_matter(
    template: Path, data: st.DataObject, reports: list[AdmittedReport]
) -> None:
    again = data.draw(st.lists(st.sampled_from(reports), max_size=6))
    mixed = data.draw(st.permutations([*reports, *again]))
    assert concluded(template, mixed, size=3) == concluded(template, reports)
