"""Made-up members of incidents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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


def member(root_id: str = "r-1", *, radius_m: float | None = 1_000.0, **report: Any) -> Member:  # noqa: ANN401 - fields of Report
    return Member(
        said=said(admitted(root_id, **report)),
        day=DAY,
        lon=None if radius_m is None else 30.0,
        lat=None if radius_m is None else 7.0,
        radius_m=radius_m,
        adm1="SS01",
        adm2="SS0101",
    )
