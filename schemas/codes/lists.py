"""Read the code lists that ship with Tocsin.

Each list is `schemas/codes/<name>.json`: {"list", "version", "source", "items": [{"code",
"label": {"en", "fr"}, "deprecated_by", …attributes}]}. Codes are UPPER_SNAKE and stable; an
unknown code from outside is kept as `raw_code` and mapped to the list's `fallback`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One entry of a code list."""

    code: str
    label_en: str
    label_fr: str
    deprecated_by: str | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """One versioned list of codes."""

    name: str
    version: str
    fallback: str | None
    codes: Mapping[str, Code]

    def __contains__(self, code: object) -> bool:
        return code in self.codes

    def get(self, code: str) -> Code:
        """Return the entry of a code, or of the fallback when the code is unknown.

        Raises KeyError when the code is unknown and the list has no fallback.
        """
        return self.codes.get(code) or self.codes[self.fallback or code]


@cache
def code_list(name: str) -> CodeList:
    """Return a list by its name, for example "event_type". Raises FileNotFoundError."""
    document = json.loads(files("schemas.codes").joinpath(f"{name}.json").read_text("utf-8"))
    codes = {item["code"]: _code(item) for item in document["items"]}
    return CodeList(
        name=document["list"],
        version=document["version"],
        fallback=document.get("fallback"),
        codes=codes,
    )


@cache
def event_class(event_type: str) -> str:
    """Return the class that fusing compares, "OTHER" for an unknown type."""
    return str(code_list("event_type").get(event_type).attributes["class"])


@cache
def is_urgent(event_type: str) -> bool:
    """Say whether a single report of an event of this type may ring somebody at once."""
    return bool(code_list("event_type").get(event_type).attributes.get("urgent", False))


def _code(item: dict[str, Any]) -> Code:
    known = {"code", "label", "deprecated_by"}
    return Code(
        code=item["code"],
        label_en=item["label"]["en"],
        label_fr=item["label"]["fr"],
        deprecated_by=item.get("deprecated_by"),
        attributes={key: value for key, value in item.items() if key not in known},
    )
