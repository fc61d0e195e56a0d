from __future__ import annotations

from typing import NamedTuple

import pytest
from sqlalchemy import Table

from processing.batch import rows
from schemas import tables

PAIRS: list[tuple[type[NamedTuple], Table]] = [
    (rows.ReportRow, tables.reports),
    (rows.DeadLetterRow, tables.dead_letters),
    (rows.IncidentRow, tables.incidents),
    (rows.RedirectRow, tables.redirects),
    (rows.HistoryRow, tables.history),
    (rows.CubeRow, tables.cube),
    (rows.FlagRow, tables.flags),
    (rows.AlertRow, tables.alerts),
    (rows.TransitionRow, tables.alert_transitions),
    (rows.DeliveryRow, tables.deliveries),
]


@pytest.mark.parametrize(("row", "table"), PAIRS)
def test_a_row_has_the_columns_of_its_table_in_order(row: type[NamedTuple], table: Table) -> None:
    assert list(row._fields) == [column.name for column in table.columns]
