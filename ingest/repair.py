"""Save what can be read of a report that is not exactly as the schema has it. Pure.

The slow way in, taken only when the exact reading failed. What is plainly meant is read as it is
meant (a number written as text, one thing where a list is asked); what can't be is left out. Each
step is named with the pointer into the body as it was sent, and the reading is tried again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from annotated_types import MaxLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ingest.draft import Draft
from ingest.finding import Finding
from ingest.mending import mend
from ingest.sent_report import SentReport, read_exact
from schemas.report import (
    Actor,
    GenderObservation,
    Report,
    ReportedLocation,
    SourceGrade,
    VictimCount,
)

# Parts of a report that are objects themselves, or lists of objects.
PARTS: dict[str, type[BaseModel]] = {
    "location": ReportedLocation,
    "source": SourceGrade,
    "gender": GenderObservation,
    "actors": Actor,
    "victims": VictimCount,
}
_LISTS = frozenset({"actors", "victims"})
# Each round mends or removes every fault that the reading named, and what it removes is never
# deeper than three; ten leave room for values that are mended before they are removed.
_MAX_ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """The report that was saved, its document, and what was done to it."""

    report: SentReport
    document: dict[str, Any]
    findings: tuple[Finding, ...]


def repair(text: bytes, *, zone: ZoneInfo, spare_root_id: str) -> Repaired | None:
    """Return what can be read of a JSON object; None when nothing is left.

    Times without an offset are read in `zone`. `spare_root_id` is taken where the report has no
    usable one.
    """
    draft = Draft(orjson.loads(text))
    _drop_nulls_and_unknown(draft)
    _ensure_root_id(draft, spare_root_id)
    for _ in range(_MAX_ROUNDS):
        try:
            report = read_exact(orjson.dumps(draft.document))
        except ValidationError as error:
            _mend_all(draft, error, zone=zone, spare_root_id=spare_root_id)
        else:
            return Repaired(report=report, document=draft.document, findings=tuple(draft.findings))
    return None


def _mend_all(draft: Draft, error: ValidationError, *, zone: ZoneInfo, spare_root_id: str) -> None:
    faults = error.errors(include_url=False)
    # From the end, so that a removed item of a list does not move one that is still to be mended.
    for fault in sorted(faults, key=_order, reverse=True):
        if fault["loc"] == ("root_id",):
            _set_root_id(draft, spare_root_id)
        else:
            mend(draft, fault, zone=zone)


def _order(fault: ErrorDetails) -> tuple[tuple[str, int], ...]:
    return tuple(("", part) if isinstance(part, int) else (part, -1) for part in fault["loc"])


def _ensure_root_id(draft: Draft, spare_root_id: str) -> None:
    if "root_id" not in draft.document:
        _set_root_id(draft, spare_root_id)


def _set_root_id(draft: Draft, spare_root_id: str) -> None:
    draft.document["root_id"] = spare_root_id
    draft.note(
        ("root_id",),
        "ROOT_ID_DERIVED",
        f"Missing or malformed: {spare_root_id} is made from the unit and the body. Send an id of "
        "your own to be able to correct this report.",
    )


def _drop_nulls_and_unknown(draft: Draft) -> None:
    _prune(draft, draft.document, Report, path=())
    for key, model in PARTS.items():
        part = draft.document.get(key)
        for path, item in _objects(key, part):
            _prune(draft, item, model, path=path)


def _objects(key: str, part: object) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    if isinstance(part, dict):
        yield (key,), part
    if key in _LISTS and isinstance(part, list):
        for index, item in enumerate(part):
            if isinstance(item, dict):
                yield (key, index), item


def _prune(
    draft: Draft, item: dict[str, Any], model: type[BaseModel], *, path: tuple[str | int, ...]
) -> None:
    """Take null as not given, leave out what the schema does not know, and cut long lists.

    Lists are cut before anything looks at their items: a body of 1 MiB can hold 300,000.
    """
    for key in list(item):
        field = model.model_fields.get(key)
        value = item[key]
        if field is None:
            del item[key]
            draft.note((*path, key), "UNKNOWN_FIELD", "The schema has no such field; left out.")
        elif value is None:
            del item[key]
        elif isinstance(value, list) and len(value) > _most_items(field):
            item[key] = value[: _most_items(field)]
            detail = f"{len(value)} items; the first {_most_items(field)} are kept."
            draft.note((*path, key), "READ_AS_MEANT", detail)


def _most_items(field: FieldInfo) -> int:
    """Return how many items a list may have; where no list is asked, that is said elsewhere."""
    return min(
        (it.max_length for it in field.metadata if isinstance(it, MaxLen)), default=sys.maxsize
    )
