"""The admission table as data: every answer of the door, and what the sender should do.

`docs/admission.md` is made from this; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

_REMARKS = (
    Remark(
        code="ROOT_ID_DERIVED",
        when="root_id is missing or malformed.",
        then="Made from the unit and the body: the same body again is the same report.",
    ),
    Remark(
        code="UNKNOWN_FIELD",
        when="A field that the schema does not have.",
        then="Left out and named.",
    ),
    Remark(
        code="WRONG_TYPE_OR_RANGE",
        when="A value of another type, or beyond its bounds.",
        then="Left out and named; the rest of the report stays. An unreadable caveat also raises "
        "the sensitivity to the highest level.",
    ),
    Remark(
        code="READ_AS_MEANT",
        when='A number, word or list in another form whose meaning is plain: "4.85", 2 for '
        '"2", "yes", one thing where a list is asked, a text that is too long.',
        then="Read as it is meant (a long text: its beginning).",
    ),
    Remark(
        code="INCOMPLETE",
        when="A part that lacks what gives it sense, such as a victim count without a number.",
        then="The part is left out.",
    ),
    Remark(
        code="UNKNOWN_CODE",
        when="A code that its list does not have.",
        then="Counted as the list's fallback; event_type and actor type keep the sender's word as "
        "raw_code, the others in the warning. An unknown sensitivity is the highest level. A list "
        "without fallback keeps the code.",
    ),
    Remark(
        code="CODE_SPELLING",
        when='A known code in other letters: "ac clash".',
        then="Read as the list has it.",
    ),
    Remark(
        code="TIME_WITHOUT_OFFSET",
        when="A time without an offset, or a date alone.",
        then="Read in the mission's time zone; a date alone sets time_precision DAY.",
    ),
    Remark(
        code="START_FILLED",
        when="occurred_start is missing or unusable.",
        then="Taken from observed_at, else reported_at, else when it was received.",
    ),
    Remark(
        code="CLOCK_SUSPECT",
        when="occurred_start, observed_at or reported_at lies more than 5 minutes after it was "
        "received, or before the year 2000.",
        then="Kept as given, marked clock_suspect. Never refused.",
    ),
    Remark(
        code="END_BEFORE_START",
        when="occurred_end lies before occurred_start.",
        then="Kept as given.",
    ),
    Remark(
        code="OUTSIDE_AREA",
        when="The place lies outside of the mission's area of interest.",
        then="Kept and used.",
    ),
    Remark(
        code="SWAPPED_AXES",
        when="The place lies outside of the area, but inside with lon and lat exchanged.",
        then="Kept as given, not used: the place is unresolved until somebody corrects it.",
    ),
    Remark(
        code="OUT_OF_RANGE",
        when="lon or lat is no WGS 84 degree.",
        then="Kept as given, not used.",
    ),
    Remark(
        code="NULL_POSITION",
        when="lon and lat are both 0.",
        then="Kept as given, not used.",
    ),
    Remark(
        code="HALF_POSITION",
        when="lon or lat is missing.",
        then="Kept as given, not used.",
    ),
    Remark(
        code="MGRS_UNREADABLE",
        when="The grid reference is none, or lacks its zone and the mission has no default.",
        then="Kept as given, not used.",
    ),
    Remark(
        code="PLACE_CONTRADICTS",
        when="Degrees and grid reference are more than 1 km (and the square) apart.",
        then="The degrees are used.",
    ),
    Remark(
        code="UNKNOWN_PCODE",
        when="The P-code is not in the mission's layers.",
        then="Kept as given.",
    ),
    Remark(
        code="ACCURACY_ZERO",
        when="accuracy_m or uncertainty_m is exactly 0, as mock positions have it.",
        then="Treated as unknown: the precision's radius is used.",
    ),
    Remark(
        code="LEVEL_ABOVE_KEY",
        when="The sensitivity is higher than the key may write.",
        then="Kept at that level.",
    ),
    Remark(
        code="COUNTS_CONTRADICT",
        when="A victim count's best is not between its min and max.",
        then="Kept as given.",
    ),
    Remark(
        code="MORE_WARNINGS",
        when="There are more warnings than a receipt lists.",
        then="The last says how many more.",
    ),
)

REFUSALS: Mapping[str, Refusal] = MappingProxyType({row.code: row for row in _REFUSALS})
REMARKS: Mapping[str, Remark] = MappingProxyType({row.code: row for row in _REMARKS})

_HEAD = """# What the door takes in

Made from `ingest/admission_table.py`; a test holds the two equal.

A report about lives must get in. So a request is refused only when it can't be read or stored at
all; everything else is answered 202 with `warnings`, each with a JSON pointer into the body as it
was sent. Refusals are `application/problem+json` (RFC 9457) with `code`, `errors[]` (pointer,
code, detail), `retryable` and an `instance` that names the request in the log.

202 means: on disk, after fsync. The same `root_id` and `revision` with the same body (the same
canonical JSON, whatever the order of keys or the spaces) gives the first answer again, marked
`duplicate`. In a batch each report has its own verdict inside of a 200, and a bad one never sinks
the others; 401, 403, 408, 413, 415 and 503 refuse a batch whole.
"""


def document() -> str:
    """Return the table as the text of docs/admission.md."""
    refusals = [
        (str(row.status), f"`{row.code}`", row.when, row.then)
        for row in sorted(_REFUSALS, key=lambda row: row.status)
    ]
    remarks = [(f"`{row.code}`", row.when, row.then) for row in _REMARKS]
    return "\n".join(
        (
            _HEAD,
            "## Refused: nothing is stored\n",
            _table(("Status", "Code", "When", "What to do"), refusals),
            "## Accepted with a warning (202)\n",
            _table(("Code", "What was seen", "What is done"), remarks),
        )
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
