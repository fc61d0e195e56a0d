"""What reports say, decoded once: a report never changes, so neither does its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import h3.api.basic_int as h3

from processing.batch.rows import ReportRow
from processing.fuse.actors import tokens, types
from processing.fuse.summary import Member
from schemas.codec import decode
from schemas.report import AdmittedReport

# About 3 kB each: enough for the open days of a busy mission in some 60 MB.
KEPT = 20_000

Key = tuple[str, str]


class Content(NamedTuple):
    """What fusing and summarising need of one report beside its row."""

    admitted: AdmittedReport
    actors: tuple[str, ...]
    actor_types: tuple[str, ...]


class Contents:
    """The contents of the reports used last. Safe across rollbacks, since it holds only facts."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: dict[Key, Content] = {}

    def add(self, row: ReportRow, admitted: AdmittedReport) -> None:
        """Take in a report that is decoded already."""
        self._known[row.report_id, row.sha256] = content_of(admitted)

    def missing(self, rows: Iterable[ReportRow]) -> list[ReportRow]:
        """Return the rows whose content must be fetched."""
        return [row for row in rows if (row.report_id, row.sha256) not in self._known]

    def take_in(self, rows: Iterable[ReportRow], bodies: Mapping[str, bytes]) -> None:
        """Decode the bodies of some rows."""
        for row in rows:
            self.add(row, decode(AdmittedReport, bodies[row.report_id]))

    def of(self, row: ReportRow) -> Content:
        """Return the content of a report that was taken in, and mark it as used."""
        key = (row.report_id, row.sha256)
        found = self._known[key] = self._known.pop(key)
        return found

    def shrink(self) -> None:
        """Forget what was not used for longest; call it between batches."""
        while len(self._known) > self._kept:
            del self._known[next(iter(self._known))]


def content_of(admitted: AdmittedReport) -> Content:
    """Return the content of a report."""
    actors = admitted.report.actors
    return Content(admitted, tokens(actors), types(actors))


def member(row: ReportRow, content: Content, *, adm0: str | None) -> Member:
    """Return a located report as a member of an incident."""
    is_placed = row.lon is not None and row.lat is not None
    return Member(
        root_id=row.root_id,
        revision=row.revision,
        admitted=content.admitted,
        day=row.day,
        lon=row.lon,
        lat=row.lat,
        radius_m=row.radius_m,
        cell5=h3.latlng_to_cell(row.lat, row.lon, 5) if is_placed else 0,
        adm0=adm0,
        adm1=row.adm1,
        adm2=row.adm2,
        adm2_candidates=tuple(row.adm2_candidates.split(",")) if row.adm2_candidates else (),
    )
