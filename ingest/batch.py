"""A batch of reports: each is judged for itself, and a bad one never sinks the others. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ingest.admission import Admitted, Context, admit_all
from ingest.answers import Told, problem_of
from ingest.finding import Refused
from ingest.json_text import split_array, split_lines, too_many
from ingest.limits import IntakeLimits

Decision = Admitted | Refused


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


def batch_answer(answers: Sequence[Told | Refused]) -> bytes:
    """Return the JSON of a batch's answer: how many, and one verdict an item in order."""
    accepted = sum([isinstance(answer, Told) for answer in answers])
    items = ",".join([_item(index, answer) for index, answer in enumerate(answers)])
    refused = len(answers) - accepted
    return f'{{"accepted":{accepted},"refused":{refused},"items":[{items}]}}'.encode()


def _item(index: int, answer: Told | Refused) -> str:
    if isinstance(answer, Told):
        return f'{{"index":{index},"status":202,"receipt":{answer.receipt}}}'
    problem = problem_of(answer)
    document = {"index": index, "status": problem.status, "problem": problem.document()}
    return orjson.dumps(document).decode()
