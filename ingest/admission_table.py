"""The admission table as data: every answer of the door, and what the sender should do.

`docs/admission.md` is made from this; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One way to be refused. Nothing is stored. `retryable`: the same request may work later."""

    code: str
    status: int
    when: str
    then: str
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One warning on an accepted report (202): what was seen, and what was done about it."""

    code: str
    when: str
    then: str


_REFUSALS = (
    Refusal(
        code="SYNTAX",
        status=400,
        when="The body is not JSON (RFC 8259), or is empty.",
        then="Send one JSON object; the detail says where reading stopped.",
    ),
    Refusal(
        code="NOT_UTF8",
        status=400,
        when="The body is not UTF-8, or a text holds half a surrogate pair.",
        then="Encode the body as UTF-8.",
    ),
    Refusal(
        code="TOO_DEEP",
        status=400,
        when="Objects and arrays are nested more than 32 deep.",
        then="Send a report as the schema has it; none needs more than 4.",
    ),
    Refusal(
        code="DUPLICATE_KEY",
        status=400,
        when="An object names a key twice, so that readers would disagree about it.",
        then="Name each key once.",
    ),
    Refusal(
        code="NOT_FINITE",
        status=400,
        when="A number is NaN, infinite or too large (1e999), anywhere in the body.",
        then="Leave out what has no value.",
    ),
    Refusal(
        code="NOT_AN_OBJECT",
        status=400,
        when="The report is not a JSON object, or the batch no array or lines of them.",
        then="Send an object; send several to /v1/reports:batch.",
    ),
    Refusal(
        code="BAD_ENCODING",
        status=400,
        when="The body is not what its Content-Encoding says.",
        then="Send it without compression, or as one whole gzip stream.",
    ),
    Refusal(
        code="KEY_MISSING",
        status=401,
        when="There is no Authorization header.",
        then="Send `Authorization: Bearer fu_…` with the unit's device key.",
    ),
    Refusal(
        code="KEY_MALFORMED",
        status=401,
        when="The Authorization header holds no device key.",
        then="Send `Authorization: Bearer fu_…` with the whole key as it was shown.",
    ),
    Refusal(
        code="KEY_UNKNOWN",
        status=401,
        when="Nobody was given this key.",
        then="Check the key; ask the operations centre for a new one.",
    ),
    Refusal(
        code="KEY_EXPIRED",
        status=401,
        when="The key's lifetime is over.",
        then="Ask the operations centre for a new key, then send the report again.",
    ),
    Refusal(
        code="KEY_REVOKED",
        status=403,
        when="The key was revoked.",
        then="Report by voice; ask the operations centre for a new key.",
    ),
    Refusal(
        code="UNIT_NOT_ALLOWED",
        status=403,
        when="The unit of the key left the mission more than 90 days ago.",
        then="Ask the operations centre for a key of the present unit.",
    ),
    Refusal(
        code="NOT_FOUND",
        status=404,
        when="No report with this id was sent by the unit of the key.",
        then="Use the id of the receipt.",
    ),
    Refusal(
        code="TOO_SLOW",
        status=408,
        when="The body did not arrive within two minutes.",
        then="Send it again, in smaller batches on a slow link.",
        retryable=True,
    ),
    Refusal(
        code="CONFLICT",
        status=409,
        when="The same root_id and revision is stored with another body.",
        then="Send a correction as the next revision.",
    ),
    Refusal(
        code="TOO_LARGE",
        status=413,
        when="The body is larger than 1 MiB (a batch: 8 MiB), unpacked, or unpacks to more than 20 "
        "times its size.",
        then="Send fewer reports at once.",
    ),
    Refusal(
        code="TOO_MANY",
        status=413,
        when="The batch holds more than 1,000 reports.",
        then="Send at most 1,000 at once.",
    ),
    Refusal(
        code="MEDIA_TYPE",
        status=415,
        when="The Content-Type or Content-Encoding is plainly another format (XML, a form with "
        "files, an image, brotli …).",
        then="Send application/json, or application/x-ndjson to /v1/reports:batch.",
    ),
    Refusal(
        code="UNUSABLE",
        status=422,
        when="What, where and when are all missing or unusable.",
        then="Say at least one of: what happened (event_type or text), where (location), when "
        "(occurred_start).",
    ),
    Refusal(
        code="CANNOT_STORE",
        status=503,
        when="The report can't be made durable now (disk full or failed, or too much waits for "
        "it). Retry-After says how long to wait.",
        then="Keep the report and send it again: the same report twice is stored once.",
        retryable=True,
    ),
)

REFUSALS: Mapping[str, Refusal] = MappingProxyType({row.code: row for row in _REFUSALS})
