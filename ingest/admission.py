"""Admit a body or say exactly why not. Pure: the same body and moment give the same answer.

Refused is only what can't be read at all, or says neither what nor where nor when. Everything
else is taken in as it is, with warnings: a report about lives must get in. `admission_table` has
every answer in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from ingest import vocabulary
from ingest.credentials import Sender
from ingest.decoders.place import DecodedPlace, decode_place, decode_plain, said_somehow
from ingest.finding import MAX_DETAIL, Finding, Refused, pointer
from ingest.gazetteer import Gazetteer
from ingest.json_text import read, too_deep
from ingest.limits import IntakeLimits
from ingest.plain_report import PlainLocation, PlainReport, read_plain, starts_of, time_text
from ingest.quick_way import Moment, plain_entries
from ingest.repair import repair
from ingest.sent_report import SentReport, read_exact
from ingest.spool_entry import SpoolEntry
from ingest.times import AHEAD, CheckedTimes, check_times
from schemas.access import level_of
from schemas.codec import canonical, sha256
from schemas.identity import report_id
from schemas.report import Report, Warning_

# Kinds that say something without naming an event: nothing happened, or what was said is wrong.
_TELLING_KINDS = frozenset({"NIL", "RETRACTION", "CORRECTION"})
_ROOT_ID_DIGITS = 40
# Measured: from 50 to 100 it makes little difference, at 200 it is dearer.
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the body: who sent it, to which node, when, and about which places."""

    node: str
    sender: Sender
    received_at: datetime
    gazetteer: Gazetteer


class Admitted(NamedTuple):
    """A report that is taken in: what goes into the log, and what its receipt says."""

    entry: SpoolEntry
    received_at: datetime
    warnings: tuple[Warning_, ...]


# As the named tuple makes itself, without the call into Python that unpacks its names.
_admitted = partial(tuple.__new__, Admitted)


class _Parsed(NamedTuple):
    """A JSON object, its canonical form and the hash of that."""

    document: dict[str, Any]
    text: bytes
    body_sha256: str


class _Read(NamedTuple):
    """A report, the document and bytes that say the same, and what was mended on the way."""

    report: PlainReport | SentReport
    document: dict[str, Any]
    text: bytes
    body_sha256: str
    findings: tuple[Finding, ...]


class _Judged(NamedTuple):
    """A report that is taken in, with all that is known of it."""

    read: _Read
    times: CheckedTimes
    place: DecodedPlace
    changes: Sequence[vocabulary.Change]
    warnings: tuple[Warning_, ...]


def admit(body: bytes, *, context: Context, limits: IntakeLimits) -> Admitted | Refused:
    """Decide about one report. Never raises, whatever the bytes."""
    return admit_all((body,), context=context, limits=limits)[0]


def admit_all(
    bodies: Sequence[bytes], *, context: Context, limits: IntakeLimits
) -> list[Admitted | Refused]:
    """Decide about each report for itself, in order.

    A few at a time: what a stage of the quick way needs stays in the processor's caches, and so
    does what the last one made. That saves half of the time that one after another takes.
    """
    head = _head(context)
    moment = _moment(context, limits, head)
    decisions: list[Admitted | Refused] = []
    for start in range(0, len(bodies), _AT_A_TIME):
        some = bodies[start : start + _AT_A_TIME]
        decisions += [
            _admit_carefully(body, context, limits, head)
            if entry is None
            else _admitted((entry, context.received_at, ()))
            for body, entry in zip(some, plain_entries(some, moment), strict=True)
        ]
    return decisions


def _admit_carefully(
    body: bytes, context: Context, limits: IntakeLimits, head: bytes
) -> Admitted | Refused:
    parsed = _parse(body, limits)
    read = parsed if isinstance(parsed, Refused) else _read(parsed, context, limits)
    judged = read if isinstance(read, Refused) else _judge(read, context, limits)
    return judged if isinstance(judged, Refused) else _written(judged, context, head)


def _moment(context: Context, limits: IntakeLimits, head: bytes) -> Moment:
    return Moment(
        head=head,
        latest=_latest(context),
        max_level=context.sender.max_level,
        gazetteer=context.gazetteer,
        max_report_bytes=limits.max_report_bytes,
    )


def _latest(context: Context) -> str:
    """Return the latest time that a clock may show, as plain reports write it."""
    return time_text(context.received_at + AHEAD)


def derived_root_id(unit_id: str, body_sha256: str) -> str:
    """Return the root_id of a report that came without one: the same for the same body."""
    return "derived-" + sha256(f"{unit_id}\x1f{body_sha256}".encode())[:_ROOT_ID_DIGITS]


# ---------------------------------------------------------------- reading


def _parse(body: bytes, limits: IntakeLimits) -> _Parsed | Refused:
    if len(body) > limits.max_report_bytes:
        return Refused(code="TOO_LARGE", detail="This report is too large.")
    parsed = read(body)
    if isinstance(parsed, Refused):
        return too_deep(body, max_depth=limits.max_depth) or parsed
    if not isinstance(parsed.value, dict):
        deep = too_deep(parsed.canonical, max_depth=limits.max_depth)
        return deep or Refused(code="NOT_AN_OBJECT", detail="A report is a JSON object.")
    return _Parsed(parsed.value, parsed.canonical, sha256(parsed.canonical))


def _read(parsed: _Parsed, context: Context, limits: IntakeLimits) -> _Read | Refused:
    plain = _plain(parsed.text, context)
    if plain is not None:
        return _Read(plain, parsed.document, parsed.text, parsed.body_sha256, ())
    # A plain report is never deep.
    deep = too_deep(parsed.text, max_depth=limits.max_depth)
    return deep or _read_respelled(parsed, context) or _read_carefully(parsed, context)


def _plain(form: bytes, context: Context) -> PlainReport | None:
    report = read_plain(form, max_level=context.sender.max_level)
    is_clean = report is not None and starts_of([report], latest=_latest(context))
    return report if is_clean else None


def _read_respelled(parsed: _Parsed, context: Context) -> _Read | None:
    """Read a report that is plain but for some unknown codes; None when more is odd."""
    changes = vocabulary.changes(parsed.document)
    if not changes or not all(change.is_code for change in changes):
        return None
    document = orjson.loads(parsed.text)
    for change in changes:
        vocabulary.apply(document, change)
    form = canonical(document)
    plain = _plain(form, context)
    if plain is None:
        return None
    findings = tuple([change.finding for change in changes])
    return _Read(plain, document, form, parsed.body_sha256, findings)


def _read_carefully(parsed: _Parsed, context: Context) -> _Read | Refused:
    document, text, body_sha256 = parsed
    try:
        return _Read(read_exact(text), document, text, body_sha256, ())
    except ValidationError:
        spare = derived_root_id(context.sender.unit_id, body_sha256)
        repaired = repair(text, zone=context.gazetteer.zone, spare_root_id=spare)
    if repaired is None:
        return _unusable(())
    document = repaired.document
    return _Read(repaired.report, document, canonical(document), body_sha256, repaired.findings)


# ---------------------------------------------------------------- judging


def _judge(read: _Read, context: Context, limits: IntakeLimits) -> _Judged | Refused:
    report = read.report
    if isinstance(report, PlainReport):
        return _judge_plain(read, report, context, limits)
    times = check_times(report, received_at=context.received_at)
    place = decode_place(report.location, context.gazetteer)
    if not (times.was_given or _says_what(report) or _says_where(report, place)):
        return _unusable(read.findings)
    changes = vocabulary.changes(read.document)
    findings = (
        *read.findings,
        *times.findings,
        *place.findings,
        *[change.finding for change in changes],
        *_remarks(report, context.sender),
    )
    warnings = _warnings(findings, most=limits.max_warnings) if findings else ()
    return _Judged(read, times, place, changes, warnings)


def _judge_plain(
    read: _Read, report: PlainReport, context: Context, limits: IntakeLimits
) -> _Judged:
    """Judge what is left of a report that was found plain: its place."""
    location = report.location or PlainLocation()
    place = decode_plain(location, context.gazetteer)
    if place is None:
        place = decode_place(location.as_reported(), context.gazetteer)
    findings = (*place.findings, *read.findings)
    warnings = _warnings(findings, most=limits.max_warnings) if findings else ()
    return _Judged(read, CheckedTimes(report.start()), place, (), warnings)


def _unusable(findings: tuple[Finding, ...]) -> Refused:
    detail = "What, where and when are all missing or unusable. Nothing was stored."
    return Refused(code="UNUSABLE", detail=detail, findings=findings)


def _says_what(report: Report) -> bool:
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


def _remarks(report: Report, sender: Sender) -> list[Finding]:
    remarks = [
        Finding(
            pointer=pointer("victims", index, "best"),
            code="COUNTS_CONTRADICT",
            detail="best should lie between min and max; kept as given.",
        )
        for index, cell in enumerate(report.victims)
        if (cell.min is not None and cell.min > cell.best)
        or (cell.max is not None and cell.max < cell.best)
    ]
    if level_of(report.sensitivity) > sender.max_level:
        detail = "Higher than this key may write; kept at the level that was asked for."
        where = pointer("sensitivity")
        remarks.append(Finding(pointer=where, code="LEVEL_ABOVE_KEY", detail=detail))
    return remarks


def _warnings(findings: tuple[Finding, ...], *, most: int) -> tuple[Warning_, ...]:
    shown = findings if len(findings) <= most else (*findings[: most - 1], _more(findings, most))
    return tuple(
        Warning_(code=it.code, pointer=it.pointer, detail=it.detail[:MAX_DETAIL]) for it in shown
    )


def _more(findings: tuple[Finding, ...], most: int) -> Finding:
    rest = len(findings) - most + 1
    return Finding(pointer="#", code="MORE_WARNINGS", detail=f"{rest} more are not listed.")


# ---------------------------------------------------------------- writing


def _written(judged: _Judged, context: Context, head: bytes) -> Admitted:
    report = judged.read.report
    root_id, revision = report.root_id, report.revision or 1
    name = report_id(judged.times.occurred_start, root_id, revision)
    value = b'%b,%b,"report":%b}' % (head, _envelope(judged)[1:-1], _rewritten(judged))
    entry = SpoolEntry(root_id, revision, judged.read.body_sha256, name, value)
    return Admitted(entry, context.received_at, judged.warnings)


def _rewritten(judged: _Judged) -> bytes:
    """Return the report's bytes for the log: as sent, unless something had to change."""
    times, changes = judged.times.changes, judged.changes
    if not times and not changes:
        return judged.read.text
    document: dict[str, Any] = orjson.loads(judged.read.text)
    for change in changes:
        vocabulary.apply(document, change)
    for key, value in times.items():
        if value is None:
            del document[key]
        else:
            document[key] = value
    return canonical(document)


def _head(context: Context) -> bytes:
    """Return the beginning of every AdmittedReport of one request."""
    fields = {
        "node": context.node,
        "unit_id": context.sender.unit_id,
        "received_at": context.received_at,
    }
    return orjson.dumps(fields)[:-1]


def _envelope(judged: _Judged) -> bytes:
    """Return the other fields of an AdmittedReport, without those at their default."""
    place = judged.place
    fields: dict[str, Any] = {"sha256": judged.read.body_sha256}
    if judged.times.clock_suspect:
        fields["clock_suspect"] = True
    if not place.is_usable:
        fields["place_usable"] = False
    if place.lon is not None:
        fields["decoded_lon"] = place.lon
        fields["decoded_lat"] = place.lat
        fields["decoded_radius_m"] = place.radius_m
        fields["decoded_from"] = place.decoded_from
    if judged.warnings:
        fields["warnings"] = [warning.model_dump() for warning in judged.warnings]
    return orjson.dumps(fields)
