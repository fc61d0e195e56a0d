"""The activity cube in SQLite (`processing.batch.stores.CubeStore`)."""

from __future__ import annotations

from collections.abc import Sequence

from processing.adapters.sql.cube_cache import CubeCache
from processing.adapters.sql.statements import Sql, add_up, listed, statement
from processing.batch.rows import CubeRow
from processing.rules.window import CubeColumns, CubeWindow
from schemas.tables import cube

_KEY = [column.name for column in cube.primary_key.columns]
_SUMS = [column.name for column in cube.columns if column.name not in _KEY]

_ADD = add_up(cube)
_SWEEP = statement(
    "DELETE FROM cube WHERE "
    + " AND ".join(f"{name} = ?" for name in _KEY)
    + "".join(f" AND {name} = 0" for name in _SUMS)
)
_OF_COUNTIES = statement("""
SELECT c.adm2, c.day, c.event_class,
    CAST(sum(c.incidents) AS BIGINT), CAST(sum(c.civilian_deaths) AS BIGINT)
FROM :each(?) cube AS c ON c.adm2 = :item0 AND c.day >= :number1
GROUP BY c.adm2, c.day, c.event_class
""")


class SqlCube:
    """The cube of one transaction."""

    def __init__(self, sql: Sql, cache: CubeCache | None = None) -> None:
        self._sql = sql
        # Without one that is kept, what is read is kept as long as the transaction.
        self._cache = CubeCache() if cache is None else cache

    def add(self, rows: Sequence[CubeRow]) -> None:
        """Add to rows of the cube; a row of zeros disappears: the cube is a function of the set."""
        self._sql.many(_ADD, sorted(rows))
        self._sql.many(_SWEEP, [row[: len(_KEY)] for row in rows if _may_cancel_out(row)])
        self._cache.add(rows)

    def of_windows(self, windows: Sequence[CubeWindow]) -> CubeColumns:
        """Return the sums in some windows, and what else is between their first and last day."""
        missing = self._cache.missing(windows)
        if missing:
            rows = self._sql.rows(_OF_COUNTIES, listed(missing))
            self._cache.fill(missing, rows)
        return self._cache.of_windows(windows)


def _may_cancel_out(row: CubeRow) -> bool:
    """Say whether the stored row may be zeros now.

    Rows above the lowest level hold differences, which may be negative, so adding can cancel them.
    """
    sums = (row.incidents, row.deaths, row.civilian_deaths, row.weight_milli)
    return row.level > 0 or min(sums) < 0
