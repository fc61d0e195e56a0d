"""What reports say, decoded once: a report never changes, so neither does its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from processing.batch.account import Account, read_account
from processing.batch.rows import ReportRow
from processing.fuse.said import Said

# About 1 kB each. Asked for are those of new reports and of the incidents that these join, seldom
# those of a whole day that is read.
KEPT = 20_000

Key = tuple[str, str]


class Contents:
    """The contents of the reports used last. Safe across rollbacks, since it holds only facts.

    Those used since the last half of `kept` came in are young, those used before that are old, and
    those not used for longer are forgotten: cheaper than an order by last use.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._young_kept = max(kept // 2, 1)
        self._young: dict[Key, Said] = {}
        self._old: dict[Key, Said] = {}

    def add(self, account: Account) -> None:
        """Take in a report that is decoded already."""
        self._young[account.report_id, account.sha256] = account.said

    def missing(self, rows: Iterable[ReportRow]) -> list[ReportRow]:
        """Return the rows whose content must be fetched."""
        young, old = self._young, self._old
        keyed = [((row.report_id, row.sha256), row) for row in rows]
        return [row for key, row in keyed if key not in young and key not in old]

    def take_in(self, rows: Iterable[ReportRow], bodies: Mapping[str, bytes]) -> None:
        """Decode the bodies of some rows."""
        for row in rows:
            self.add(read_account(bodies[row.report_id]))

    def of(self, row: ReportRow) -> Said:
        """Return the content of a report that was taken in, and mark it as used."""
        key = (row.report_id, row.sha256)
        found = self._young.get(key)
        if found is None:
            found = self._young[key] = self._old[key]
        return found

    def shrink(self) -> None:
        """Forget what was not used for longest; call it between batches."""
        if len(self._young) >= self._young_kept:
            self._old, self._young = self._young, {}
