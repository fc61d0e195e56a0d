"""A batch of reports: each is judged for itself, and a bad one never sinks the others. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import orjson

from ingest.admission import Admitted, Context, admit_all
from ingest.answers import RECEIPT, Told, moment, problem_of
from ingest.finding import Refused
from ingest.json_text import split_array, split_lines, too_many
from ingest.limits import IntakeLimits
from ingest.receipt import ACCEPTED
from ingest.spool_entry import Appended, SpoolVerdict
from schemas.receipt_token import write_token

Decision = Admitted | Refused

_ANSWER = '{"accepted":%d,"refused":%d,"items":[%s]}'
_ITEM = '{"index":%s,"status":202,"receipt":%s}'
_TOKEN = write_token("%s", "%%s", "%%s")
# What differs between the receipts of a batch of which all is new and nothing was remarked.
_FRESH = _ITEM % (
    "%%s",
    RECEIPT % ("%%s", "%%s", "%%s", ACCEPTED, "%s", _TOKEN, "%%s", "false", "[]"),
)


def split(body: bytes, *, as_lines: bool, limits: IntakeLimits) -> list[bytes] | Refused:
    """Return the bytes of each report of a batch, or why the whole of it is refused.

    A body that was not sent as lines may be lines all the same, if it does not begin as an array.
    """
    is_array = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    if is_array and not as_lines:
        items = split_array(body, max_depth=limits.max_depth, max_items=limits.max_items)
    else:
        items = split_lines(body)
    if isinstance(items, Refused):
        return items
    if not items and not is_array:
        return Refused(code="SYNTAX", detail="The body is empty.")
    if len(items) > limits.max_items:
        return too_many(len(items))
    return items


def decide_batch(
    body: bytes, *, as_lines: bool, context: Context, limits: IntakeLimits
) -> list[Decision] | Refused:
    """Decide about each report of a batch, in order; Refused when none can be told apart."""
    items = split(body, as_lines=as_lines, limits=limits)
    if isinstance(items, Refused):
        return items
    return admit_all(items, context=context, limits=limits)


def clean_answer(
    decisions: Sequence[Decision], verdicts: Sequence[SpoolVerdict], *, node: str
) -> bytes | None:
    """Return the answer to a batch of which all is new and nothing was remarked, as usual.

    Else None: `batch_answer` then says each for itself. Both say the same of the same.
    """
    if set(map(type, decisions)) != {Admitted} or set(map(type, verdicts)) != {Appended}:
        return None
    admitted, appended = cast(list[Admitted], decisions), cast(list[Appended], verdicts)
    if any(one.warnings for one in admitted):
        return None
    fresh = _FRESH % (moment(admitted[0].received_at), node)
    items = [
        fresh % (index, report_id, root_id, revision, position, report_id, report_id)
        for index, (((root_id, revision, _, report_id, _), _, _), (position,)) in enumerate(
            zip(admitted, appended, strict=True)
        )
    ]
    return (_ANSWER % (len(items), 0, ",".join(items))).encode()


def batch_answer(answers: Sequence[Told | Refused]) -> bytes:
    """Return the JSON of a batch's answer: how many, and one verdict an item in order."""
    accepted = sum([isinstance(answer, Told) for answer in answers])
    items = ",".join([_item(index, answer) for index, answer in enumerate(answers)])
    refused = len(answers) - accepted
    return (_ANSWER % (accepted, refused, items)).encode()


def _item(index: int, answer: Told | Refused) -> str:
    if isinstance(answer, Told):
        return _ITEM % (index, answer.receipt)
    problem = problem_of(answer)
    document = {"index": index, "status": problem.status, "problem": problem.document()}
    return orjson.dumps(document).decode()
