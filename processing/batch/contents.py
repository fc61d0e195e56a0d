"""What reports say, decoded once: a report never changes, so neither does its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from processing.batch.intake import is_happening
from processing.batch.rows import ReportRow
from processing.fuse.said import Said, said
from processing.fuse.summary import Member
from schemas.codec import decode
from schemas.report import AdmittedReport

# About 1 kB each: enough for the open days of a busy mission in some 20 MB.
KEPT = 20_000

Key = tuple[str, str]


class Content(NamedTuple):
    """What fusing and summarising need of one report beside its row.

    It keeps no message: one has some 25 objects in 5 kB, most of which nobody asks for again.
    """

    said: Said
    is_happening: bool


class Contents:
    """The contents of the reports used last. Safe across rollbacks, since it holds only facts.

    Those used since the last half of `kept` came in are young, those used before that are old, and
    those not used for longer are forgotten: cheaper than an order by last use.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._young_kept = max(kept // 2, 1)
        self._young: dict[Key, Content] = {}
        self._old: dict[Key, Content] = {}

    def add(self, row: ReportRow, admitted: AdmittedReport) -> None:
        """Take in a report that is decoded already."""
        self._young[row.report_id, row.sha256] = content_of(admitted)

    def missing(self, rows: Iterable[ReportRow]) -> list[ReportRow]:
        """Return the rows whose content must be fetched."""
        young, old = self._young, self._old
        keyed = [((row.report_id, row.sha256), row) for row in rows]
        return [row for key, row in keyed if key not in young and key not in old]

    def take_in(self, rows: Iterable[ReportRow], bodies: Mapping[str, bytes]) -> None:
        """Decode the bodies of some rows."""
        for row in rows:
            self.add(row, decode(AdmittedReport, bodies[row.report_id]))

    def of(self, row: ReportRow) -> Content:
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


def content_of(admitted: AdmittedReport) -> Content:
    """Return the content of a report."""
    return Content(said(admitted), is_happening(admitted))


def member(row: ReportRow, content: Content, *, adm0: str | None) -> Member:
    """Return a located report as a member of an incident."""
    # By position: an incident has one or two.
    return Member(
        content.said,
        row.day,
        row.lon,
        row.lat,
        row.radius_m,
        adm0,
        row.adm1,
        row.adm2,
        tuple(row.adm2_candidates.split(",")) if row.adm2_candidates else (),
    )
