"""The quick way knows no field that the contract does not have."""

from __future__ import annotations

from ingest import plain_report
from schemas.report import Actor, Report, ReportedLocation, SourceGrade, VictimCount


def test_every_checked_field_is_the_contracts() -> None:
    for fields, model in (
        (plain_report.REPORT_FIELDS, Report),
        (plain_report.LOCATION_FIELDS, ReportedLocation),
        (plain_report.ACTOR_FIELDS, Actor),
        (plain_report.VICTIM_FIELDS, VictimCount),
        (plain_report.SOURCE_FIELDS, SourceGrade),
    ):
        assert fields <= set(model.model_fields)
