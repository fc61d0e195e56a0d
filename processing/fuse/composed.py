"""An incident inside a batch: what its reports make of it, and the bytes that it is stored as.

Nobody validates again what was validated as reports, so composing makes no `Incident`; the bytes
are those that the codec gives of one (a test holds this).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from schemas.incident import Incident, Victims

NOBODY: Victims = Incident.model_fields["victims"].default


class Composed(NamedTuple):
    """The fields of `Incident`, in its order; `nearby` as the JSON of a list, b"" for none."""

    incident_id: str
    revision: int
    day: int
    occurred_start: datetime
    occurred_end: datetime | None
    event_type: str
    event_class: str
    lon: float | None
    lat: float | None
    radius_m: float | None
    precision: str
    cell: str | None
    adm0: str | None
    adm1: str | None
    adm2: str | None
    adm2_candidates: tuple[str, ...]
    actor_tokens: tuple[str, ...]
    actor_key: str
    actor_class: str
    severity: int
    victims: Victims
    n_reports: int
    n_independent: int
    weight_milli: int
    reliability: str
    credibility: str
    min_level: int
    level: int
    violations: tuple[str, ...]
    exercise: bool
    illustrative: bool
    nearby: bytes
    members: tuple[tuple[str, int], ...]
    retracted: bool

    def body(self) -> bytes:
        """Return what `encode` gives of the incident: JSON without the fields at their default."""
        fields: dict[str, object] = {
            name: value
            for name, value, default in zip(_NAMES, self, _DEFAULTS, strict=True)
            if value is not default and value != default
        }
        if self.nearby:
            fields["nearby"] = orjson.Fragment(self.nearby)
        return kept(orjson.dumps(fields, default=_without_defaults, option=orjson.OPT_UTC_Z))


def kept(data: bytes) -> bytes:
    """Return what `orjson.dumps` gave, to be kept.

    It gives a buffer that was cut to size. Thousands of those make the next ones cost microseconds
    each; a copy is of the right size at once.
    """
    return b"%b" % data


def composed(said: dict[str, Any]) -> Composed:
    """Return what was composed before, from the JSON of its body, which becomes useless."""
    for name, read in _READ.items():
        if name in said:
            said[name] = read(said[name])
    pairs = zip(_NAMES, _DEFAULTS, strict=True)
    return Composed(*[said.get(name, default) for name, default in pairs])


def _pairs(rows: list[list[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(map(tuple, rows))


def _without_defaults(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(exclude_defaults=True)


_NAMES = Composed._fields
# A required field has none, and nothing equals that.
_DEFAULTS = tuple(
    b"" if name == "nearby" else Incident.model_fields[name].default for name in _NAMES
)

# What JSON has no type for.
_READ: Mapping[str, Callable[[Any], object]] = {
    "occurred_start": datetime.fromisoformat,
    "occurred_end": datetime.fromisoformat,
    "adm2_candidates": tuple,
    "actor_tokens": tuple,
    "victims": Victims.model_validate,
    "violations": tuple,
    "nearby": orjson.dumps,
    "members": _pairs,
}
