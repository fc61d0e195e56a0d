"""Codes that no list has: kept in the sender's words, mapped to the list's fallback. Pure.

A code in another spelling ("ac clash") is read as the list has it. An unknown sensitivity becomes
the highest level. A list without fallback keeps the unknown code as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ingest.finding import Finding, pointer, shown
from schemas.codes.lists import CodeList, code_list

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
PARTS = {
    "location": {"precision": "loc_precision"},
    "source": {"type": "source_type"},
    "actors": ACTOR,
    "victims": VICTIM,
}
MANY = {"caveats": "caveat", "violations": "violation"}

# Beside these the model has a place for the sender's own code.
_WITH_RAW_CODE = frozenset({"event_type", "actor_type"})


# As `schemas.message.Code` has it.
_CODE = re.compile(r"[A-Za-z0-9_.:/ -]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Another value for one place in a document, and why. `raw` keeps the sender's code."""

    path: Path
    value: str
    raw: str | None
    finding: Finding
    # Whether what was sent has the form of a code; words have not.
    is_code: bool


@cache
def known(name: str) -> frozenset[str]:
    """Return the codes of a list, for a quick look."""
    return frozenset(code_list(name).codes)


def changes(document: Document) -> list[Change]:
    """Return what to change so that every code of a document is in its list.

    Works on any JSON object; what is no text where a code is asked is somebody else's to judge.
    """
    found: list[Change] = []
    _look(found, document, TOP, ())
    for key, lists in PARTS.items():
        part = document.get(key)
        if isinstance(part, dict):
            _look(found, part, lists, (key,))
        elif isinstance(part, list):
            for index, item in enumerate(part):
                if isinstance(item, dict):
                    _look(found, item, lists, (key, index))
    for key, name in MANY.items():
        _look_through(found, document.get(key), name, (key,))
    gender = document.get("gender")
    if isinstance(gender, dict):
        path = ("gender", "who_is_absent")
        _look_through(found, gender.get("who_is_absent"), "who_is_absent", path)
    return found


def apply(document: Document, change: Change) -> None:
    """Make a change in a document. The sender's own raw_code stays if there is one."""
    parent: Any = document
    for step in change.path[:-1]:
        parent = parent[step]
    parent[change.path[-1]] = change.value
    if change.raw is not None and parent.get("raw_code") is None:
        parent["raw_code"] = change.raw


def _look(found: list[Change], item: Document, lists: Mapping[str, str], path: Path) -> None:
    for key, name in lists.items():
        code = item.get(key)
        if isinstance(code, str) and code not in known(name):
            found.append(_change((*path, key), code_list(name), code))


def _look_through(found: list[Change], codes: object, name: str, path: Path) -> None:
    if isinstance(codes, list):
        for index, code in enumerate(codes):
            if isinstance(code, str) and code not in known(name):
                found.append(_change((*path, index), code_list(name), code))


def _change(path: Path, codes: CodeList, code: str) -> Change:
    is_code = _CODE.fullmatch(code) is not None
    spelled = _spelled(codes.name).get(_folded(code))
    if spelled is not None:
        detail = f"“{shown(code)}” read as {spelled}."
        finding = Finding(pointer=pointer(*path), code="CODE_SPELLING", detail=detail)
        return Change(path=path, value=spelled, raw=None, finding=finding, is_code=is_code)
    value = codes.fallback or code
    raw = code if codes.name in _WITH_RAW_CODE else None
    kept = "kept as raw_code, " if raw is not None else ""
    detail = f"“{shown(code)}” is not in the list {codes.name}; {kept}counted as {value}."
    finding = Finding(pointer=pointer(*path), code="UNKNOWN_CODE", detail=detail)
    return Change(path=path, value=value, raw=raw, finding=finding, is_code=is_code)


@cache
def _spelled(name: str) -> Mapping[str, str]:
    return {_folded(code): code for code in code_list(name).codes}


def _folded(code: str) -> str:
    return code.strip().upper().replace(" ", "_").replace("-", "_")
