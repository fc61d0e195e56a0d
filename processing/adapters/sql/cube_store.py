"""The activity cube in SQLite (`processing.batch.stores.CubeStore`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from processing.adapters.sql.spans import joined
from processing.adapters.sql.statements import Row, Sql, insert, listed
from processing.batch.rows import CubeRow
from processing.rules.window import CubeColumns, CubeWindow
from schemas.tables import cube

_KEY = [column.name for column in cube.primary_key.columns]
_SUMS = [column.name for column in cube.columns if column.name not in _KEY]

_ADD = (
    insert(cube)
    + f" ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)
)
_SWEEP = (
    "DELETE FROM cube WHERE "  # noqa: S608 - names of ours
    + " AND ".join(f"{name} = ?" for name in _KEY)
    + "".join(f" AND {name} = 0" for name in _SUMS)
)
_WIDTH = 6
_OF_WINDOWS = """
SELECT c.adm2, c.day, c.event_class, sum(c.incidents), sum(c.deaths), sum(c.civilian_deaths)
FROM json_each(?1) AS j
CROSS JOIN cube AS c ON c.adm2 = j.value ->> 0 AND c.day BETWEEN j.value ->> 1 AND j.value ->> 2
WHERE ?2 IS NULL OR c.event_class IN (SELECT value FROM json_each(?2))
GROUP BY c.adm2, c.day, c.event_class ORDER BY c.adm2, c.day, c.event_class
"""


class SqlCube:
    """The cube of one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def add(self, rows: Sequence[CubeRow]) -> None:
        """Add to rows of the cube; a row of zeros disappears: the cube is a function of the set."""
        self._sql.many(_ADD, sorted(rows))
        self._sql.many(_SWEEP, [row[: len(_KEY)] for row in rows if _may_cancel_out(row)])

    def of_windows(self, windows: Sequence[CubeWindow]) -> CubeColumns:
        """Return the sums per (adm2, day, event_class) in any of some windows."""
        rows = self._of_windows(windows) if windows else []
        read = list(zip(*rows, strict=True)) or [()] * _WIDTH
        return CubeColumns(
            adm2=read[0],
            day=np.array(read[1], dtype=np.int64),
            event_class=read[2],
            incidents=np.array(read[3], dtype=np.int64),
            deaths=np.array(read[4], dtype=np.int64),
            civilian_deaths=np.array(read[5], dtype=np.int64),
        )

    def _of_windows(self, windows: Sequence[CubeWindow]) -> list[Row]:
        asked = joined((code, w.day_from, w.day_to) for w in windows for code in w.adm2)
        classes = [w.event_classes for w in windows]
        only = listed(sorted(frozenset().union(*classes))) if all(classes) else None
        return self._sql.rows(_OF_WINDOWS, listed(asked), only)


def _may_cancel_out(row: CubeRow) -> bool:
    """Say whether the stored row may be zeros now.

    Rows above the lowest level hold differences, which may be negative, so adding can cancel them.
    """
    sums = (row.incidents, row.deaths, row.civilian_deaths, row.weight_milli)
    return row.level > 0 or min(sums) < 0
