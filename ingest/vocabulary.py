"""Codes that no list has: kept in the sender's words, mapped to the list's fallback. Pure.

A code in another spelling ("ac clash") is read as the list has it. An unknown sensitivity becomes
the highest level. A list without fallback keeps the unknown code as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ingest.finding import Finding, pointer, shown
from schemas.codes.lists import CodeList, code_list
from schemas.report import Report

Document = dict[str, Any]
Path = tuple[str | int, ...]

# Where a code stands in a report, and the list that it is from.
TOP = {
    "record_kind": "record_kind",
    "report_kind": "report_kind",
    "time_precision": "time_precision",
    "event_type": "event_type",
    "sensitivity": "sensitivity",
    "consent": "consent",
    "crsv_subtype": "crsv_subtype",
    "device_class": "device_class",
}
ACTOR = {"type": "actor_type", "role": "actor_role"}
VICTIM = {"harm": "harm", "group": "victim_group", "population": "victim_population"}
MANY = {"caveats": "caveat", "violations": "violation"}

# Beside these the model has a place for the sender's own code.
_WITH_RAW_CODE = frozenset({"event_type", "actor_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Another value for one place in a document, and why. `raw` keeps the sender's code."""

    path: Path
    value: str
    raw: str | None
    finding: Finding


@cache
def known(name: str) -> frozenset[str]:
    """Return the codes of a list, for a quick look."""
    return frozenset(code_list(name).codes)


def changes(report: Report) -> Sequence[Change]:
    """Return what to change so that every code of a report is in its list."""
    return [
        _change(path, code_list(name), code)
        for path, name, code in _codes(report)
        if code is not None and code not in known(name)
    ]


def apply(document: Document, change: Change) -> None:
    """Make a change in a document. The sender's own raw_code stays if there is one."""
    parent: Any = document
    for step in change.path[:-1]:
        parent = parent[step]
    parent[change.path[-1]] = change.value
    if change.raw is not None and parent.get("raw_code") is None:
        parent["raw_code"] = change.raw


def _codes(report: Report) -> Iterator[tuple[Path, str, str | None]]:
    for key, name in TOP.items():
        yield (key,), name, getattr(report, key)
    yield ("location", "precision"), "loc_precision", report.location.precision
    yield ("source", "type"), "source_type", report.source.type
    for index, actor in enumerate(report.actors):
        for key, name in ACTOR.items():
            yield ("actors", index, key), name, getattr(actor, key)
    for index, cell in enumerate(report.victims):
        for key, name in VICTIM.items():
            yield ("victims", index, key), name, getattr(cell, key)
    yield from _many(report)


def _many(report: Report) -> Iterator[tuple[Path, str, str]]:
    for key, name in MANY.items():
        for index, code in enumerate(getattr(report, key)):
            yield (key, index), name, code
    if report.gender is not None:
        for index, code in enumerate(report.gender.who_is_absent):
            yield ("gender", "who_is_absent", index), "who_is_absent", code


def _change(path: Path, codes: CodeList, code: str) -> Change:
    spelled = _spelled(codes.name).get(_folded(code))
    if spelled is not None:
        detail = f"“{shown(code)}” read as {spelled}."
        return Change(
            path=path, value=spelled, raw=None, finding=_finding(path, "CODE_SPELLING", detail)
        )
    value = codes.fallback or code
    raw = code if codes.name in _WITH_RAW_CODE else None
    kept = "kept as raw_code, " if raw is not None else ""
    detail = f"“{shown(code)}” is not in the list {codes.name}; {kept}counted as {value}."
    return Change(path=path, value=value, raw=raw, finding=_finding(path, "UNKNOWN_CODE", detail))


@cache
def _spelled(name: str) -> Mapping[str, str]:
    return {_folded(code): code for code in code_list(name).codes}


def _folded(code: str) -> str:
    return code.strip().upper().replace(" ", "_").replace("-", "_")


def _finding(path: Path, code: str, detail: str) -> Finding:
    return Finding(pointer=pointer(*path), code=code, detail=detail)
