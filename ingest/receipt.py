"""The receipt of a message of the log. Pure."""

from __future__ import annotations

from schemas.identity import report_id
from schemas.receipt_token import write_token
from schemas.report import AdmittedReport, Receipt

ACCEPTED = "accepted"
STORED = "stored"
SET_ASIDE = "set_aside"


def report_id_of(message: AdmittedReport) -> str:
    """Return the id of the report in a message. Admission has filled its start."""
    report = message.report
    start = report.occurred_start or message.received_at
    return report_id(start, report.root_id, report.revision)


def receipt_of(
    message: AdmittedReport,
    *,
    position: int,
    state: str = ACCEPTED,
    duplicate: bool = False,
    reason: str | None = None,
) -> Receipt:
    """Return the receipt of a message at a position of its node's log."""
    report = message.report
    name = report_id_of(message)
    return Receipt(
        report_id=name,
        root_id=report.root_id,
        revision=report.revision,
        state=state,
        received_at=message.received_at,
        token=write_token(message.node, position, name),
        href=f"/v1/reports/{name}",
        duplicate=duplicate,
        reason=reason,
        warnings=message.warnings,
    )
