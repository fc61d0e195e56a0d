"""A flag: a risk that a rule saw, with its evidence, its numbers and a sentence."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

from schemas.message import Lat, Lon, Message, Time


class Band(IntEnum):
    """Risk bands in rising order. LOW is what a rule calls WATCH."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class FlagState(StrEnum):
    """A flag is raised, or withdrawn because its evidence is gone."""

    RAISED = "RAISED"
    WITHDRAWN = "WITHDRAWN"


class Certainty(StrEnum):
    """Whether the place of the evidence surely or only possibly meets the rule."""

    CERTAIN = "CERTAIN"
    POSSIBLE = "POSSIBLE"


class Evidence(Message):
    """One incident that a flag rests on, with its reports as (root_id, revision)."""

    incident_id: str
    reports: tuple[tuple[str, int], ...]


class FlagHead(Message):
    """What a flag says without its evidence and reasons: all that its alert follows from."""

    flag_id: str
    flag_key: str
    revision: int = 1
    rule_id: str
    rule_version: int
    params_sha256: str
    state: FlagState = FlagState.RAISED
    band: Band
    priority: int
    certainty: Certainty = Certainty.CERTAIN
    unverified: bool = False
    retrospective: bool = False
    shadow: bool = False
    day: int
    place_key: str
    place_name: str
    adm2: str | None = None
    actor_class: str
    lon: Lon | None = None
    lat: Lat | None = None
    occurred_start: Time
    level: int = 0
    illustrative: bool = False


class Flag(FlagHead):
    """One revision of a flag, under one stable key.

    `flag_key` = rule | place | actor class | mission-local day. `numbers` are what the rule
    compared (units in their names); `excluded` says what was left out and why;
    `explanation` is the sentence; `priority` 1 (routine) to 5 follows from band and adjustments.
    `retrospective` flags tell history and never page.
    """

    numbers: dict[str, Any]
    evidence: tuple[Evidence, ...]
    excluded: tuple[str, ...] = ()
    explanation: str
