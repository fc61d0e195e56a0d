"""A report as it has to come in to be taken as it is: exact types, no unknown field. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Strict

from schemas.report import Report, SourceGrade

# Strict: text with an offset, never a number. (`schemas.message.Time` asks the same through
# Python, which costs more and can't be asked strictly.)
_Time = Annotated[AwareDatetime, Strict()]


class SentSource(SourceGrade):
    """The source with an exact time."""

    graded_at: _Time | None = None


class SentReport(Report):
    """The report with exact times. Whatever this reads, `Report` reads as the same."""

    occurred_start: _Time | None = None
    occurred_end: _Time | None = None
    observed_at: _Time | None = None
    reported_at: _Time | None = None
    valid_to: _Time | None = None
    source: SentSource = SentSource()


def read_exact(text: bytes) -> SentReport:
    """Return the report in some JSON. Raises pydantic's ValidationError naming every fault."""
    return SentReport.model_validate_json(text, strict=True, extra="forbid")
