"""Admit a body or say exactly why not. Pure: the same body and moment give the same answer.

Refused is only what can't be read at all, or says neither what nor where nor when. Everything
else is taken in as it is, with warnings: a report about lives must get in. `admission_table` has
every answer in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from ingest import vocabulary
from ingest.credentials import Sender
from ingest.decoders.place import DecodedPlace, decode_place, said_somehow
from ingest.finding import MAX_DETAIL, Finding, Refused, pointer
from ingest.gazetteer import Gazetteer
from ingest.json_text import parse
from ingest.limits import IntakeLimits
from ingest.repair import Repaired, repair
from ingest.sent_report import SentReport, read_exact
from ingest.spool_entry import SpoolEntry
from ingest.times import CheckedTimes, check_times
from schemas.access import level_of
from schemas.codec import canonical, sha256
from schemas.identity import report_id
from schemas.report import Report, Warning_

# Kinds that say something without naming an event: nothing happened, or what was said is wrong.
_TELLING_KINDS = frozenset({"NIL", "RETRACTION", "CORRECTION"})
_ROOT_ID_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the body: who sent it, to which node, when, and about which places."""

    node: str
    sender: Sender
    received_at: datetime
    gazetteer: Gazetteer


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A report that is taken in: what goes into the log, and what its receipt says."""

    entry: SpoolEntry
    received_at: datetime
    warnings: tuple[Warning_, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A report and the document that it was read from, with what was mended on the way."""

    report: SentReport
    document: dict[str, Any]
    text: bytes
    findings: tuple[Finding, ...] = ()


def admit(body: bytes, *, context: Context, limits: IntakeLimits) -> Admitted | Refused:
    """Decide about one report. Never raises, whatever the bytes."""
    parsed = parse(body, max_depth=limits.max_depth)
    if isinstance(parsed, Refused):
        return parsed
    if not isinstance(parsed.value, dict):
        return Refused(code="NOT_AN_OBJECT", detail="A report is a JSON object.")
    body_sha256 = sha256(parsed.canonical)
    read = _read(parsed.value, parsed.canonical, context=context, body_sha256=body_sha256)
    if read is None:
        return _unusable(())
    times = check_times(read.report, received_at=context.received_at)
    place = decode_place(read.report.location, context.gazetteer)
    if not (_says_what(read) or times.was_given or _says_where(read.report, place)):
        return _unusable(read.findings)
    changes = vocabulary.changes(read.report)
    findings = (
        *read.findings,
        *times.findings,
        *place.findings,
        *(change.finding for change in changes),
        *_remarks(read.report, context.sender),
    )
    warnings = _warnings(findings, most=limits.max_warnings)
    text = _rewritten(read, times, changes)
    envelope = _envelope(context, body_sha256, times=times, place=place, warnings=warnings)
    entry = SpoolEntry(
        root_id=read.report.root_id,
        revision=read.report.revision,
        sha256=body_sha256,
        report_id=report_id(times.occurred_start, read.report.root_id, read.report.revision),
        value=envelope[:-1] + b',"report":' + text + b"}",
    )
    return Admitted(entry=entry, received_at=context.received_at, warnings=warnings)


def derived_root_id(unit_id: str, body_sha256: str) -> str:
    """Return the root_id of a report that came without one: the same for the same body."""
    return "derived-" + sha256(f"{unit_id}\x1f{body_sha256}".encode())[:_ROOT_ID_DIGITS]


# ---------------------------------------------------------------- reading


def _read(
    document: dict[str, Any], text: bytes, *, context: Context, body_sha256: str
) -> _Read | None:
    try:
        return _Read(report=read_exact(text), document=document, text=text)
    except ValidationError:
        spare = derived_root_id(context.sender.unit_id, body_sha256)
        repaired = repair(text, zone=context.gazetteer.zone, spare_root_id=spare)
        return None if repaired is None else _from(repaired)


def _from(repaired: Repaired) -> _Read:
    return _Read(
        report=repaired.report,
        document=repaired.document,
        text=canonical(repaired.document),
        findings=repaired.findings,
    )


def _unusable(findings: tuple[Finding, ...]) -> Refused:
    detail = "What, where and when are all missing or unusable. Nothing was stored."
    return Refused(code="UNUSABLE", detail=detail, findings=findings)


def _says_what(read: _Read) -> bool:
    report = read.report
    return bool(
        report.event_type != "OTHER"
        or report.raw_code
        or (report.text and report.text.strip())
        or report.actors
        or report.victims
        or report.report_kind in _TELLING_KINDS
    )


def _says_where(report: Report, place: DecodedPlace) -> bool:
    return place.lon is not None or next(said_somehow(report.location), None) is not None


# ---------------------------------------------------------------- remarks


def _remarks(report: Report, sender: Sender) -> Iterator[Finding]:
    if level_of(report.sensitivity) > sender.max_level:
        yield Finding(
            pointer=pointer("sensitivity"),
            code="LEVEL_ABOVE_KEY",
            detail="Higher than this key may write; kept at the level that was asked for.",
        )
    for index, cell in enumerate(report.victims):
        low = cell.best if cell.min is None else cell.min
        high = cell.best if cell.max is None else cell.max
        if not low <= cell.best <= high:
            yield Finding(
                pointer=pointer("victims", index, "best"),
                code="COUNTS_CONTRADICT",
                detail="best should lie between min and max; kept as given.",
            )


def _warnings(findings: tuple[Finding, ...], *, most: int) -> tuple[Warning_, ...]:
    if not findings:
        return ()
    shown = findings if len(findings) <= most else (*findings[: most - 1], _more(findings, most))
    return tuple(
        Warning_(code=it.code, pointer=it.pointer, detail=it.detail[:MAX_DETAIL]) for it in shown
    )


def _more(findings: tuple[Finding, ...], most: int) -> Finding:
    rest = len(findings) - most + 1
    return Finding(pointer="#", code="MORE_WARNINGS", detail=f"{rest} more are not listed.")


# ---------------------------------------------------------------- writing


def _rewritten(read: _Read, times: CheckedTimes, changes: Sequence[vocabulary.Change]) -> bytes:
    """Return the report's bytes for the log: as sent, unless something had to change."""
    if not times.changes and not changes:
        return read.text
    document: dict[str, Any] = orjson.loads(read.text)
    for change in changes:
        vocabulary.apply(document, change)
    for key, value in times.changes.items():
        if value is None:
            del document[key]
        else:
            document[key] = value
    return canonical(document)


def _envelope(
    context: Context,
    body_sha256: str,
    *,
    times: CheckedTimes,
    place: DecodedPlace,
    warnings: tuple[Warning_, ...],
) -> bytes:
    """Return the fields of an AdmittedReport beside the report, without those at their default."""
    fields: dict[str, Any] = {
        "node": context.node,
        "unit_id": context.sender.unit_id,
        "received_at": context.received_at,
        "sha256": body_sha256,
    }
    if times.clock_suspect:
        fields["clock_suspect"] = True
    if not place.is_usable:
        fields["place_usable"] = False
    if place.lon is not None:
        fields["decoded_lon"] = place.lon
        fields["decoded_lat"] = place.lat
        fields["decoded_radius_m"] = place.radius_m
        fields["decoded_from"] = place.decoded_from
    if warnings:
        fields["warnings"] = [warning.model_dump() for warning in warnings]
    return orjson.dumps(fields)
