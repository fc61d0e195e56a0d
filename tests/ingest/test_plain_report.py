"""The quick way knows no field that the contract does not have."""

from __future__ import annotations

from ingest import plain_report
from schemas.report import Actor, Report, ReportedLocation, SourceGrade, VictimCount


def test_every_checked_field_is_the_contracts() -> None:
    for checks, model in (
        (plain_report._report_checks(), Report),
        (plain_report._location_checks(), ReportedLocation),
        (plain_report._actor_checks(), Actor),
        (plain_report._victim_checks(), VictimCount),
        (plain_report._source_checks(), SourceGrade),
    ):
        assert set(checks) <= set(model.model_fields)
