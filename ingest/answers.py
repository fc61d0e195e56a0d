"""Verdicts in the sender's words: receipts and problems. Pure."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

import orjson

from ingest.admission import Admitted
from ingest.admission_table import REFUSALS
from ingest.finding import Finding, Refused
from ingest.receipt import ACCEPTED, STORED, receipt_of
from ingest.responses import Problem
from ingest.spool_entry import Appended, Conflict, Duplicate, SpoolEntry, SpoolVerdict
from schemas.codec import decode
from schemas.errors import InvalidMessageError
from schemas.receipt_token import write_token
from schemas.report import AdmittedReport, Receipt, Warning_

_TITLES = {
    400: "The body can't be read",
    401: "The sender is not known",
    403: "The sender may not report",
    404: "There is no such report",
    408: "The body came too slowly",
    409: "The report contradicts a stored one",
    413: "The request is too large",
    415: "The format is not known here",
    422: "The report says nothing that can be used",
    503: "The report can't be stored now",
}
RETRY_AFTER_S = 5


class Told(NamedTuple):
    """What a sender is told of an accepted report: the JSON of its receipt."""

    receipt: str
    duplicate: bool
    warnings: tuple[Warning_, ...]


# A receipt as its model writes it. Nothing here needs escapes: ids are ASCII letters, digits and a
# few signs. The time comes with its quotation marks.
RECEIPT = (
    '{"report_id":"%s","root_id":"%s","revision":%s,"state":"%s","received_at":%s,"token":"%s",'
    '"href":"/v1/reports/%s","duplicate":%s,"warnings":%s}'
)
# As the named tuple makes itself, without the call into Python that unpacks its names.
_told = partial(tuple.__new__, Told)


class Trimmed(NamedTuple):
    """The report is in the log, which has let its bytes go: the database has the answer.

    `otherwise` is what is told if the database knows nothing of it: the report is safe all the
    same, and whoever sends it again must not be told to try for ever.
    """

    root_id: str
    revision: int
    otherwise: Told


def problem_of(refused: Refused, *, instance: str | None = None) -> Problem:
    """Return a refusal as a problem, with the advice of its row in the admission table."""
    row = REFUSALS[refused.code]
    findings = refused.findings or (
        Finding(pointer="#", code=refused.code, detail=f"{refused.detail} {row.then}"),
    )
    return Problem(
        status=row.status,
        code=row.code,
        title=_TITLES[row.status],
        detail=f"{refused.detail} {row.then}",
        retryable=row.retryable,
        findings=findings,
        instance=instance,
        retry_after_s=RETRY_AFTER_S if row.retryable else None,
    )


def settle(admitted: Admitted, verdict: SpoolVerdict, *, node: str) -> Told | Refused | Trimmed:
    """Say what a sender is told after the log has answered."""
    if isinstance(verdict, Appended):
        return _fresh(admitted, node, verdict.position)
    match verdict:
        case Duplicate(position, value):
            return _first_answer(admitted, position, value, node=node)
        case Conflict():
            return _conflict(admitted.entry)


def _first_answer(admitted: Admitted, position: int, value: bytes, *, node: str) -> Told | Trimmed:
    try:
        message = decode(AdmittedReport, value)
    except InvalidMessageError:
        # Empty, because trimmed; or of a version that is no longer read.
        otherwise = _fresh(admitted, node, position, state=STORED, duplicate=True)
        return Trimmed(admitted.entry.root_id, admitted.entry.revision, otherwise)
    return told(receipt_of(message, position=position, duplicate=True))


def told(receipt: Receipt) -> Told:
    """Return a receipt as it is told."""
    text = receipt.model_dump_json(exclude_none=True)
    return Told(text, receipt.duplicate, receipt.warnings)


def _fresh(
    admitted: Admitted,
    node: str,
    position: int,
    *,
    state: str = ACCEPTED,
    duplicate: bool = False,
) -> Told:
    """Make a receipt's JSON from what was just admitted: as its model would, at a tenth."""
    (root_id, revision, _, report_id, _), received_at, warnings = admitted
    text = RECEIPT % (
        report_id,
        root_id,
        revision,
        state,
        moment(received_at),
        write_token(node, position, report_id),
        report_id,
        "true" if duplicate else "false",
        _listed(warnings) if warnings else "[]",
    )
    return _told((text, duplicate, warnings))


@lru_cache(maxsize=64)
def moment(at: datetime) -> str:
    """Return a time as JSON; the reports of a request share theirs."""
    return orjson.dumps(at, option=orjson.OPT_UTC_Z).decode()


def _listed(warnings: tuple[Warning_, ...]) -> str:
    return orjson.dumps([warning.model_dump() for warning in warnings]).decode()


def _conflict(entry: SpoolEntry) -> Refused:
    detail = f"{entry.root_id} revision {entry.revision} is stored with another body."
    where = Finding(pointer="#/revision", code="CONFLICT", detail=detail)
    return Refused(code="CONFLICT", detail=detail, findings=(where,))
