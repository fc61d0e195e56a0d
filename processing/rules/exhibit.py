"""What rules ask of an incident that becomes evidence, read from its body without a model.

A flag may rest on a hundred incidents, and each is looked into for many flags.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from schemas.incident import Incident

EvidenceRow = tuple[str, tuple[tuple[str, int], ...]]

# Tags and classes that raise a flag's priority: children, and conflict-related sexual violence.
_TAGS = ("MRM_SEXUAL_VIOLENCE", "MRM_RECRUIT_USE", "CRSV")
_CLASSES = frozenset({"CHILD", "CRSV"})

_ONE_SOURCE: int = Incident.model_fields["n_independent"].default
_NO_WEIGHT: int = Incident.model_fields["weight_milli"].default


class Exhibit(NamedTuple):
    """One incident as evidence: its id with its reports, sorted, and what is counted of it."""

    evidence: EvidenceRow
    weight_milli: int
    n_independent: int
    children_or_crsv: bool
    illustrative: bool
    killed: int
    civilians_killed: int
    un_killed: int
    un_injured: int


def read_exhibit(body: bytes) -> Exhibit:
    """Return what the stored body of an incident, as the codec writes it, says."""
    said: dict[str, Any] = orjson.loads(body)
    victims: dict[str, Any] = said.get("victims", {})
    return Exhibit(
        evidence=(said["incident_id"], tuple(sorted(map(tuple, said.get("members", ()))))),
        weight_milli=said.get("weight_milli", _NO_WEIGHT),
        n_independent=said.get("n_independent", _ONE_SOURCE),
        children_or_crsv=_is_grave(said, victims),
        illustrative=said.get("illustrative", False),
        killed=victims.get("killed_best", 0),
        civilians_killed=victims.get("civilians_killed_best", 0),
        un_killed=victims.get("un_killed_best", 0),
        un_injured=victims.get("un_injured_best", 0),
    )


def _is_grave(said: dict[str, Any], victims: dict[str, Any]) -> bool:
    if victims.get("children", False) or said["event_class"] in _CLASSES:
        return True
    return any(tag.startswith(_TAGS) for tag in said.get("violations", ()))
