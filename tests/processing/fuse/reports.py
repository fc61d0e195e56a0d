"""Made-up members of incidents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from processing.fuse.said import said
from processing.fuse.summary import Member
from schemas.report import AdmittedReport, Report

NOON = datetime(2014, 1, 1, 12, tzinfo=UTC)
DAY = 16_071


def admitted(root_id: str = "r-1", unit_id: str = "", **report: Any) -> AdmittedReport:  # noqa: ANN401 - fields of Report
    sent = Report.model_validate({"root_id": root_id, "occurred_start": NOON, **report})
    return AdmittedReport(
        node="node-1",
        unit_id=unit_id or f"unit-{root_id}",
        received_at=NOON,
        sha256="0" * 64,
        report=sent,
    )


class Spot(NamedTuple):
    """Where a report is, as its row tells."""

    report_id: str = ""
    day: int = DAY
    lon: float | None = None
    lat: float | None = None
    radius_m: float | None = None
    adm1: str | None = None
    adm2: str | None = None
    adm2_candidates: str | None = None


def member(
    root_id: str = "r-1",
    *,
    radius_m: float | None = 1_000.0,
    where: Mapping[str, Any] = MappingProxyType({}),
    **report: Any,  # noqa: ANN401 - fields of Report
) -> Member:
    is_placed = radius_m is not None
    spot = Spot(
        lon=30.0 if is_placed else None,
        lat=7.0 if is_placed else None,
        radius_m=radius_m,
        adm1="SS01",
        adm2="SS0101",
    )
    return Member(said(admitted(root_id, **report)), spot._replace(**where))
